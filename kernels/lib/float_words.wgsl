// A tile of floats: weights and activations of 32 columns, in words of four.
//
//     rowWords, tokenWords   | 8 words of row 0 | unused | 8 words of row 1 | unused | …
//
// needs: tile

const WORDS = 8u;
const WORDS_APART = 9u;

override nRowWords: u32 = tileRows * WORDS_APART;
override nTokenWords: u32 = tileTokens * WORDS_APART;

var<workgroup> rowWords: array<vec4<f32>, nRowWords>;
var<workgroup> tokenWords: array<vec4<f32>, nTokenWords>;

// Adds the products of all that is in the tile.
fn addTile(sums: ptr<function, Sums>, thread: u32) {
  for (var word = 0u; word < WORDS; word++) {
    var tokens = array<vec4<f32>, EACH>();
    for (var t = 0u; t < EACH; t++) {
      tokens[t] = tokenWords[tokenOf(thread, t) * WORDS_APART + word];
    }
    for (var four = 0u; four < FOURS; four++) {
      let columns = columnsOfRows(thread, four, word);
      for (var t = 0u; t < EACH; t++) {
        let at = t * FOURS + four;
        (*sums)[at] = addProducts((*sums)[at], columns, tokens[t]);
      }
    }
  }
}

// Four columns; each has the weights of four rows.
fn columnsOfRows(thread: u32, four: u32, word: u32) -> mat4x4<f32> {
  let row = 4u * four;
  return transpose(
    mat4x4<f32>(
      rowWords[rowOf(thread, row) * WORDS_APART + word],
      rowWords[rowOf(thread, row + 1u) * WORDS_APART + word],
      rowWords[rowOf(thread, row + 2u) * WORDS_APART + word],
      rowWords[rowOf(thread, row + 3u) * WORDS_APART + word],
    ),
  );
}

fn addProducts(before: vec4<f32>, columns: mat4x4<f32>, token: vec4<f32>) -> vec4<f32> {
  var sum = fma(columns[0], token.xxxx, before);
  sum = fma(columns[1], token.yyyy, sum);
  sum = fma(columns[2], token.zzzz, sum);
  return fma(columns[3], token.wwww, sum);
}
