// Who does what in a product with many rows of activations. A workgroup makes a tile of tileTokens tokens and tileRows rows of the matrix.
// 32 columns of both go to workgroup memory at a time; there each thread multiplies EACH rows with EACH tokens. For 32 rows, 4 to each:
//
//                         rows 0 8 16 24   1 9 17 25   …  7 15 23 31
//     tokens 0 8 16 24         | thread 0  | thread 1  | … thread 7  |
//     tokens 1 9 17 25         | thread 8  | thread 9  | …           |
//
// Neighbouring threads read neighbouring rows, whose words are an odd number of vectors apart: so they are in different banks.
// needs: product

override tileRows: u32;
override tileTokens: u32;
override threads: u32; // tileRows * tileTokens / (EACH * EACH)
override rowsApart: u32 = tileRows / EACH;
override tokensApart: u32 = tileTokens / EACH;

const FOURS = EACH / 4u;

// For each of a thread's tokens, sums of its rows in fours.
alias Sums = array<vec4<f32>, EACH * FOURS>;

// The i-th of a thread's rows and tokens, within the tile.
fn rowOf(thread: u32, i: u32) -> u32 {
  return thread % rowsApart + i * rowsApart;
}

fn tokenOf(thread: u32, i: u32) -> u32 {
  return thread / rowsApart + i * tokensApart;
}

fn putNumbers(place: Place, thread: u32, sums: Sums) {
  for (var t = 0u; t < EACH; t++) {
    let token = place.tokenBlock * tileTokens + tokenOf(thread, t);
    for (var r = 0u; r < EACH; r++) {
      putProduct(token, place.rowBlock * tileRows + rowOf(thread, r), sums[t * FOURS + r / 4u][r % 4u]);
    }
  }
}
