// out = x * by (+ bias): x and out [rows, cols], bias [cols] where there is one.
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;

override threads: u32;
override nInputs: u32;
override cols: u32;
override by: f32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= cols) {
    return;
  }
  let i = id.y * cols + id.x;
  var sum = x[i] * by;
  if (nInputs == 2u) {
    sum += bias[id.x];
  }
  out[i] = sum;
}
