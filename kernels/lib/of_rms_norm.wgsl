// Activations that are made on the way, as rms_norm makes them of whole rows: x[n, cols], weight[cols].
// needs: shape, sums, finite

@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> weight: array<vec4<f32>>;

override eps: f32;

var<private> factor: f32;

// Each workgroup of a row adds up the squares of all its columns.
fn prepare(row: u32, thread: u32) {
  let words = shape.cols / 4u;
  var squares = vec4<f32>();
  for (var word = thread; word < words; word += threads) {
    let numbers = x[row * words + word];
    squares += numbers * numbers;
  }
  let sum = sumOf(dot(squares, vec4<f32>(1.0)), thread);
  factor = inverseSqrt(held(sum) / f32(shape.cols) + eps);
}

// Columns 4 * word … of a row.
fn numbers4(row: u32, word: u32) -> vec4<f32> {
  return x[row * (shape.cols / 4u) + word] * factor * weight[word];
}
