// Activations that are there: x[n, cols].
// needs: shape

@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;

override threads: u32;

fn prepare(row: u32, thread: u32) {}

// Columns 4 * word … of a row.
fn numbers4(row: u32, word: u32) -> vec4<f32> {
  return x[row * (shape.cols / 4u) + word];
}
