// Who does what in a product with few rows of activations: `lanes` threads share ROWS rows of the matrix. Each of them has every lanes-th
// piece of all these rows, and a sum for each row. So a workgroup makes threads / lanes * ROWS numbers of one token.
// needs: product

override threads: u32;
override lanes: u32;
override nSums: u32 = threads / lanes * ROWS;

// The first of a thread's rows.
fn firstRow(place: Place, thread: u32) -> u32 {
  return place.rowBlock * nSums + thread / lanes * ROWS;
}

// Writes the i-th of a workgroup's numbers.
fn putNumber(place: Place, i: u32, sum: f32) {
  putProduct(place.tokenBlock, place.rowBlock * nSums + i, sum);
}
