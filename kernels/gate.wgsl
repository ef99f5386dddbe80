// What a gate lets through: x[rows, cols], by[rows, gateCols] with a gate for each number or one for the row -> out[rows, cols],
// out = x / (1 + e^-by).
// needs: step, sigmoid
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> by: array<f32>;

override threads: u32;
override cols: u32;
override gateCols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    let i = id.y * cols + id.x;
    out[i] = timesSigmoid(x[i], by[id.y * gateCols + id.x % gateCols]);
  }
}
