// Rows times a factor that grows with the position: x[nTokens, cols], factors[nFactors] -> out[nTokens, cols]; the row of position p takes
// factors[p / every], beyond the last the last.
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> factors: array<f32>;

override threads: u32;
override cols: u32;
override nFactors: u32;
override every: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    let i = id.y * cols + id.x;
    out[i] = x[i] * factors[min(step.rows[id.y].position / every, nFactors - 1u)];
  }
}
