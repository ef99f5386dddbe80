// Who does what in a product with many rows of activations. A workgroup of 64 threads makes a tile of 32 tokens and 32 rows of the
// matrix. 32 columns of both go to workgroup memory, in words of four columns; each thread multiplies 4 rows with 4 tokens there:
//
//              rows 0 8 16 24   1 9 17 25   …  7 15 23 31
//     tokens 0..3   | thread 0  | thread 1  | … thread 7  |
//     tokens 4..7   | thread 8  | thread 9  | …           |
//
//     rowTile, tokenTile   | 8 words of row 0 | unused | 8 words of row 1 | unused | …     9 apart: in different banks
//
// The matrix has `rows` rows; it may be a part of a larger one, which has outCols rows: those from rowBegin on.

@group(0) @binding(1) var<storage, read_write> out: array<f32>; // [n, outCols]
@group(0) @binding(3) var<storage, read> bias: array<f32>; // [outCols]

const TILE = 32u;
const APART = 9u;

override nInputs: u32;
override rows: u32;
override rowBegin: u32;
override outCols: u32;
// Rows of activations are those of logits, not of tokens.
override ofLogits: u32;

var<workgroup> rowTile: array<vec4<f32>, TILE * APART>;
var<workgroup> tokenTile: array<vec4<f32>, TILE * APART>;

fn nTokens() -> u32 {
  return select(step.nTokens, step.nLogits, ofLogits == 1u);
}

// Indices that are there, for those of the last tiles that are not.
fn heldRow(row: u32) -> u32 {
  return min(row, rows - 1u);
}
fn heldToken(token: u32) -> u32 {
  return min(token, nTokens() - 1u);
}

// Sums of a thread's 4 rows, one vector for each of its tokens.
struct Sums {
  ofToken: array<vec4<f32>, 4>,
}

// Adds the products of one word of columns.
fn addWord(sums: ptr<function, Sums>, thread: u32, word: u32) {
  let row = thread % 8u;
  var rowWords: mat4x4<f32>;
  for (var i = 0u; i < 4u; i++) {
    rowWords[i] = rowTile[(row + 8u * i) * APART + word];
  }
  let columns = transpose(rowWords); // the thread's 4 rows in each
  for (var t = 0u; t < 4u; t++) {
    let token = tokenTile[(thread / 8u * 4u + t) * APART + word];
    var sum = (*sums).ofToken[t];
    sum = fma(columns[0], token.xxxx, sum);
    sum = fma(columns[1], token.yyyy, sum);
    sum = fma(columns[2], token.zzzz, sum);
    sum = fma(columns[3], token.wwww, sum);
    (*sums).ofToken[t] = sum;
  }
}

// Adds the products of all that is in workgroup memory. Called by all threads of a workgroup.
fn addTile(sums: ptr<function, Sums>, thread: u32) {
  workgroupBarrier();
  for (var word = 0u; word < 8u; word++) {
    addWord(sums, thread, word);
  }
  workgroupBarrier();
}

fn putTile(group: vec3<u32>, thread: u32, sums: Sums) {
  for (var t = 0u; t < 4u; t++) {
    let token = group.y * TILE + thread / 8u * 4u + t;
    for (var i = 0u; i < 4u; i++) {
      let row = group.x * TILE + thread % 8u + 8u * i;
      if (token < nTokens() && row < rows) {
        out[token * outCols + rowBegin + row] = sums.ofToken[t][i] + biasOf(rowBegin + row);
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
