// Who does what in a product with many rows of activations. A workgroup makes a tile of tileTokens tokens and tileRows rows of the matrix.
// 32 columns of both go to workgroup memory at a time; there each thread multiplies EACH rows with EACH tokens. For 32 rows, 4 to each:
//
//                         rows 0 8 16 24   1 9 17 25   …  7 15 23 31
//     tokens 0 8 16 24         | thread 0  | thread 1  | … thread 7  |
//     tokens 1 9 17 25         | thread 8  | thread 9  | …           |
//
// Neighbouring threads read neighbouring rows, whose words are an odd number of vectors apart: so they are in different banks.
//
// The matrix has `rows` rows; it may be a part of a larger one, which has outCols rows: those from rowBegin on.

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, outCols]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [outCols]

override nInputs: u32;
override rows: u32;
override rowBegin: u32;
override outCols: u32;
// Rows of activations are those of logits, not of tokens.
override ofLogits: u32;
override tileRows: u32;
override tileTokens: u32;
override threads: u32; // tileRows * tileTokens / (EACH * EACH)
override rowsApart: u32 = tileRows / EACH;
override tokensApart: u32 = tileTokens / EACH;

const FOURS = EACH / 4u;

// For each of a thread's tokens, sums of its rows in fours.
alias Sums = array<vec4<f32>, EACH * FOURS>;

fn nTokens() -> u32 {
  return select(step.nTokens, step.nLogits, ofLogits == 1u);
}

// Rows and tokens that are there, for those of the last tiles that are not.
fn heldRow(row: u32) -> u32 {
  return min(row, rows - 1u);
}

fn heldToken(token: u32) -> u32 {
  return min(token, nTokens() - 1u);
}

// The i-th of a thread's rows and tokens, within the tile.
fn rowOf(thread: u32, i: u32) -> u32 {
  return thread % rowsApart + i * rowsApart;
}

fn tokenOf(thread: u32, i: u32) -> u32 {
  return thread / rowsApart + i * tokensApart;
}

fn putNumbers(group: vec3<u32>, thread: u32, sums: Sums) {
  for (var t = 0u; t < EACH; t++) {
    let token = group.y * tileTokens + tokenOf(thread, t);
    for (var r = 0u; r < EACH; r++) {
      let row = group.x * tileRows + rowOf(thread, r);
      if (token < nTokens() && row < rows) {
        out[token * outCols + rowBegin + row] = sums[t * FOURS + r / 4u][r % 4u] + biasOf(rowBegin + row);
      }
    }
  }
}

fn biasOf(row: u32) -> f32 {
  if (nInputs > 2u) {
    return bias[row];
  }
  return 0.0;
}
