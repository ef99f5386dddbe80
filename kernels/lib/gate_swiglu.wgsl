// silu(gate) * up
// needs: sigmoid

fn gated(gate: f32, up: f32) -> f32 {
  return timesSigmoid(gate, gate) * up;
}
