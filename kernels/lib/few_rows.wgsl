// Who does what in a product with few rows of activations: `lanes` threads share ROWS rows of the matrix. Each of them has every lanes-th
// piece of all these rows, and a sum for each row. So a workgroup makes threads / lanes * ROWS numbers.
//
// The matrix has `rows` rows; it may be a part of a larger one, which has outCols rows: those from rowBegin on.

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, outCols]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [outCols]

const ROWS = 4u;

override nInputs: u32;
override rows: u32;
override rowBegin: u32;
override outCols: u32;
override threads: u32;
override lanes: u32;
override nSums: u32 = threads / lanes * ROWS;

// The first of a thread's rows.
fn firstRow(group: vec3<u32>, thread: u32) -> u32 {
  return group.x * nSums + thread / lanes * ROWS;
}

// A row that is there, for those of the last workgroup that are not.
fn heldRow(row: u32) -> u32 {
  return min(row, rows - 1u);
}

// Writes the i-th of a workgroup's numbers.
fn putNumber(group: vec3<u32>, i: u32, sum: f32) {
  let row = group.x * nSums + i;
  if (row >= rows) {
    return;
  }
  var number = sum;
  if (nInputs > 2u) {
    number += bias[rowBegin + row];
  }
  out[group.y * outCols + rowBegin + row] = number;
}
