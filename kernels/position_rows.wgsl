// Rows of a table, one for the position of each token: table[nPositions, cols] -> out[nTokens, cols].
// needs: step
// grid: a thread a number

@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;

override threads: u32;
override cols: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < cols) {
    out[id.y * cols + id.x] = table[step.rows[id.y].position * cols + id.x];
  }
}
