// Rows made as long as those of another: x and other [rows, cols] -> out[rows, cols], out = x * |other| / |x|.
// needs: step, sums, finite
// grid: a workgroup a row

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;

override cols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = group.y * cols;
  var own = 0.0;
  var wanted = 0.0;
  for (var i = thread; i < cols; i += threads) {
    own += x[first + i] * x[first + i];
    wanted += other[first + i] * other[first + i];
  }
  let squares = held(sumOf(own, thread));
  let factor = held(sqrt(held(sumOf(wanted, thread)) / squares)); // a row of zeros has no length to change: NaN
  for (var i = thread; i < cols; i += threads) {
    out[first + i] = x[first + i] * factor;
  }
}
