// The product of a matrix of levels with few rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus bias[r]. lib/x_… says how activations lie, lib/by_… adds up what threads made.
// needs: step, few_rows

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>; // [n, cols / 32, VECTORS]

override cols: u32;

fn sumsOf(group: vec3<u32>, thread: u32) -> array<f32, ROWS> {
  let units = cols / 32u;
  let first = firstRow(group, thread);
  var sums = array<f32, ROWS>();
  for (var i = thread % lanes; i < units; i += lanes) {
    let columns = columnsOf(group.y * units + i);
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += product(unit(heldRow(first + r) * units + i), columns);
    }
  }
  return sums;
}

// The index-th 32 columns, counted through all rows.
fn columnsOf(index: u32) -> Columns {
  var words = array<vec4<u32>, VECTORS>();
  for (var i = 0u; i < VECTORS; i++) {
    words[i] = x[VECTORS * index + i];
  }
  return columnsFrom(words);
}
