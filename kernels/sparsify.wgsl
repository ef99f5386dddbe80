// Keeps what stands out of a row: x[rows, cols] -> out[rows, cols], out = max(0, x - (mean + deviations * deviation)), with the row's own
// mean and standard deviation (of cols - 1).
// needs: step, sums, finite
// grid: a workgroup a row

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

override cols: u32;
override deviations: f32;

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
  let total = sumOf(squares, thread);
  let least = mean + deviations * sqrt(held(total) / f32(cols - 1u));
  let isKept = !isFinite(total); // all of it is NaN then, and the larger of 0 and NaN may be 0
  for (var i = thread; i < cols; i += threads) {
    let above = x[first + i] - least;
    out[first + i] = select(0.0, above, above > 0.0 || isKept);
  }
}
