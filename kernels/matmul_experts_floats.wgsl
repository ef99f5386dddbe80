// Products with the matrices of chosen experts, of floats: w[nExperts, rows, cols], x[n, cols] or [n, nUsed, cols], chosen[n, 2 * nUsed] ->
// out[n, nUsed, rows], out[t, j, r] = sum over k of w[chosen[t, j], r, k] * x[t, j, k], plus bias[chosen[t, j], r]. Rows of the matrices are
// padded with zeros to whole units of 32 columns.
// needs: experts

@group(0) @binding(2) var<storage, read> x: array<f32>;

// What a lane adds up of a row of the part, with activations from column `first` on.
fn sumOfLane(row: u32, first: u32, lane: u32) -> f32 {
  let wordsApart = (cols + 31u) / 32u * 8u;
  var sum = 0.0;
  for (var i = lane; 4u * i < cols; i += LANES) {
    let weights = weights4(row * wordsApart + i);
    for (var k = 0u; k < min(4u, cols - 4u * i); k++) {
      sum += weights[k] * x[first + 4u * i + k];
    }
  }
  return sum;
}
