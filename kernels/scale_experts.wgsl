// What the chosen experts made, times a number of each: x[rows, nUsed * cols], chosen[rows, 2 * nUsed] (experts, then weights),
// scales[nExperts], bias[nExperts, cols] or nothing -> out[rows, nUsed * cols].
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> chosen: array<f32>;
@group(0) @binding(4) var<storage, read> scales: array<f32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;

override threads: u32;
override nInputs: u32;
override xCols: u32;
override nUsed: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= xCols) {
    return;
  }
  let cols = xCols / nUsed;
  let expert = u32(chosen[id.y * 2u * nUsed + id.x / cols]);
  let i = id.y * xCols + id.x;
  var product = x[i] * scales[expert];
  if (nInputs > 3u) {
    product += bias[expert * cols + id.x % cols];
  }
  out[i] = product;
}
