// out = x * weight: x and out [rows, cols], weight [cols] or, with a stride, [rows, cols].
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;

override threads: u32;
override cols: u32;
override stride: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    let i = id.y * cols + id.x;
    out[i] = x[i] * weight[id.y * stride + id.x];
  }
}
