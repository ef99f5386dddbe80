// Root mean square norm of each group of columns (a row, or each head of it): x[rows, cols], weight[groupCols] -> out[rows, cols],
// out = x / sqrt(mean(x^2) + eps) * weight.
// needs: step, sums, finite
// grid: a workgroup a group

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;

override cols: u32;
override groupCols: u32;
override eps: f32;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * cols + group.x * groupCols;
  var squares = 0.0;
  for (var i = thread; i < groupCols; i += threads) {
    squares += x[first + i] * x[first + i];
  }
  let factor = inverseSqrt(held(sumOf(squares, thread)) / f32(groupCols) + eps);
  for (var i = thread; i < groupCols; i += threads) {
    out[first + i] = x[first + i] * factor * weight[i];
  }
}
