// Columns [first, first + nCols) of each row: x[rows, cols] -> out[rows, nCols].
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

override threads: u32;
override cols: u32;
override first: u32;
override nCols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < nCols) {
    out[id.y * nCols + id.x] = x[id.y * cols + first + id.x];
  }
}
