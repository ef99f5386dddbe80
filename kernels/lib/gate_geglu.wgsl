// gelu(gate) * up
// needs: gelu

fn gated(gate: f32, up: f32) -> f32 {
  return geluOf(gate) * up;
}
