// The product of a matrix of floats with few rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus added[r] or added[t, r]. Rows of the matrix are padded with zeros to whole units of 32 columns.
// needs: few_rows

fn sumsOf(place: Place, thread: u32) -> array<f32, ROWS> {
  let words = (shape.cols + 3u) / 4u;
  let wordsApart = (shape.cols + 31u) / 32u * 8u;
  let first = firstRow(place, thread);
  var sums = array<f32, ROWS>();
  for (var i = thread % lanes; i < words; i += lanes) {
    let numbers = columns4(place.tokenBlock, i);
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += dot(weights4(heldRow(rowOf(first, r)) * wordsApart + i), numbers);
    }
  }
  return sums;
}
