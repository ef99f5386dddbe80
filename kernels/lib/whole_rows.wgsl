// A thread's rows of the matrix follow each other, and so do their products.
// needs: few_rows

fn rowOf(first: u32, r: u32) -> u32 {
  return first + r;
}

fn putSums(place: Place, thread: u32, sums: array<f32, ROWS>) {
  for (var r = 0u; r < ROWS; r++) {
    putNumber(place, thread * ROWS + r, sums[r]);
  }
}
