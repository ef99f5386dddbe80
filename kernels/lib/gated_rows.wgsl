// Of two matrices, one below the other, a thread has the same rows of both: half of its rows are gates, and the others what passes them.
// What comes out is as wide as one of them. lib/gate_… is what a gate does.
// needs: few_rows

const PAIRS = ROWS / 2u;

fn rowOf(first: u32, r: u32) -> u32 {
  return first / 2u + r % PAIRS + select(0u, shape.secondRow, r >= PAIRS);
}

fn putSums(place: Place, thread: u32, sums: array<f32, ROWS>) {
  let first = firstRow(place, thread) / 2u;
  for (var r = 0u; r < PAIRS; r++) {
    if (first + r < shape.secondRow) {
      out[place.tokenBlock * shape.secondRow + first + r] = gated(sums[r], sums[r + PAIRS]);
    }
  }
}
