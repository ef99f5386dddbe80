// Layer norm of each row: x[rows, cols], weight[cols], bias[cols] where there is one -> out[rows, cols],
// out = (x - mean) / sqrt(variance + eps) * weight (+ bias).
// needs: step, sums, finite
// grid: a workgroup a row

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

override nInputs: u32;
override cols: u32;
override eps: f32;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * cols;
  var sum = 0.0;
  for (var i = thread; i < cols; i += threads) {
    sum += x[first + i];
  }
  let mean = held(sumOf(sum, thread)) / f32(cols);
  var squares = 0.0;
  for (var i = thread; i < cols; i += threads) {
    let difference = x[first + i] - mean;
    squares += difference * difference;
  }
  let factor = inverseSqrt(held(sumOf(squares, thread)) / f32(cols) + eps);
  for (var i = thread; i < cols; i += threads) {
    var number = (x[first + i] - mean) * factor * weight[i];
    if (nInputs == 3u) {
      number += bias[i];
    }
    out[first + i] = number;
  }
}
