// Activations whose rows may end within a word of four columns; zeros stand for what is missing.
// needs: shape

@group(0) @binding(2) var<storage, read> x: array<f32>; // [n, cols]

// Columns 4 * word … of a row.
fn columns4(row: u32, word: u32) -> vec4<f32> {
  var numbers = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    let column = 4u * word + i;
    if (column < shape.cols) {
      numbers[i] = x[row * shape.cols + column];
    }
  }
  return numbers;
}
