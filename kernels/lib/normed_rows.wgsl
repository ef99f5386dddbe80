// A thread's rows follow each other, as in whole_rows. A norm behind the products is begun here: what comes out has its weights on it, and
// whoever takes that adds up the squares and has the factor.
//
//     begun   | numbers of token 0 | of token 1 | … | squares of rows 0..15 of token 0, of rows 16..31, … | of token 1 …
//
// needs: few_rows

@group(0) @binding(4) var<storage, read> normWeight: array<f32>;
@group(0) @binding(5) var<storage, read_write> begun: array<f32>;

fn rowOf(first: u32, r: u32) -> u32 {
  return first + r;
}

fn putSums(place: Place, thread: u32, sums: array<f32, ROWS>) {
  let first = firstRow(place, thread);
  var squares = 0.0;
  for (var r = 0u; r < ROWS; r++) {
    let row = first + r;
    if (row < shape.rows) {
      let number = withAdded(place.tokenBlock, row, sums[r]);
      out[placeInOut(place.tokenBlock, row)] = number;
      begun[place.tokenBlock * shape.rows + row] = number * normWeight[row];
      squares += number * number;
    }
  }
  let sum = sumOfFour(squares);
  if (lane == 0u && first < shape.rows) {
    begun[shape.squaresAt + (place.tokenBlock * shape.rows + first) / 16u] = sum;
  }
}
