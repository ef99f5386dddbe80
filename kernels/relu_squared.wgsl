// out = max(0, x)^2, both [rows, cols]. A NaN stays one: it is not below 0.
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

override threads: u32;
override cols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    let i = id.y * cols + id.x;
    out[i] = select(x[i] * x[i], 0.0, x[i] < 0.0);
  }
}
