// Activations whose rows are whole words of four columns.
// needs: shape

@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [n, cols]

// Columns 4 * word … of a row.
fn columns4(row: u32, word: u32) -> vec4<f32> {
  return x[row * (shape.cols / 4u) + word];
}
