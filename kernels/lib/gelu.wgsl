// GELU in its tanh form: x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x / (1 + e^-2u).
// needs: sigmoid

fn geluOf(x: f32) -> f32 {
  let held = clamp(x, -20.0, 20.0); // the cube must not become infinite; from here on, u is beyond what the sigmoid tells apart
  let u = 0.7978845608028654 * held * (1.0 + 0.044715 * held * held);
  return timesSigmoid(x, 2.0 * u);
}
