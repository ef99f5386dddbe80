// Columns [first, first + nCols) of each group of groupCols: x[rows, cols] -> out[rows, n * nCols].
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

override threads: u32;
override cols: u32;
override first: u32;
override nCols: u32;
override groupCols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let outCols = cols / groupCols * nCols;
  if (id.x < outCols) {
    let group = id.x / nCols;
    out[id.y * outCols + id.x] = x[id.y * cols + group * groupCols + first + id.x % nCols];
  }
}
