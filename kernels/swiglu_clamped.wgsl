// out = g * sigmoid(alpha * g) * (u + 1) with g = min(gate, limit) and u = up within +- limit, all [rows, cols].
// needs: step, sigmoid
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read> up: array<f32>;

override threads: u32;
override cols: u32;
override limit: f32;
override alpha: f32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    let i = id.y * cols + id.x;
    let g = min(gate[i], limit);
    out[i] = timesSigmoid(g, alpha * g) * (clamp(up[i], -limit, limit) + 1.0);
  }
}
