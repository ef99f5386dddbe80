// The product of a matrix of levels with few rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus added[r] or added[t, r]. lib/x_… says how activations lie, lib/by_… adds up what threads made,
// lib/reads_… brings the columns to them.
// needs: few_rows

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>; // [n, VECTORS * cols / 32]

fn sumsOf(place: Place, thread: u32) -> array<f32, ROWS> {
  let units = shape.cols / 32u;
  let first = firstRow(place, thread);
  var sums = array<f32, ROWS>();
  for (var i = firstUnit(thread); i < units; i += lanes) {
    let columns = columnsFrom(vectorsAt(place.tokenBlock * units * VECTORS + i * shape.unitsApart));
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += product(unit(heldRow(rowOf(first, r)) * units + i), columns);
    }
  }
  return sums;
}
