// A tile of halves: levels of weights and activations of 32 columns, in words of four columns. Products of 16 columns are added as halves,
// everything else as floats.
//
//     rowWords     | 8 words of row 0 | unused | 8 words of row 1 | unused | …
//     rowNumbers   | scale.xy, min.xy of row 0 | of row 1 | …
//     tokenVectors | VECTORS of token 0 | of token 1 | …
//
// needs: tile, half_levels

const WORDS_APART = 9u;

override nRowWords: u32 = tileRows * WORDS_APART;
override nTokenVectors: u32 = tileTokens * VECTORS;

var<workgroup> rowWords: array<vec4<f16>, nRowWords>;
var<workgroup> rowNumbers: array<vec4<f32>, tileRows>;
var<workgroup> tokenVectors: array<vec4<u32>, nTokenVectors>;

// Half of a row's unit: 16 columns.
fn putWeights(row: u32, half: u32, weights: Unit) {
  let levels = select(weights.low, weights.high, half == 1u);
  for (var word = 0u; word < 4u; word++) {
    rowWords[row * WORDS_APART + 4u * half + word] = halfLevels4(levels[word]);
  }
  if (half == 0u) {
    rowNumbers[row] = vec4<f32>(weights.scale, weights.min);
  }
}

fn putVector(token: u32, i: u32, words: vec4<u32>) {
  tokenVectors[token * VECTORS + i] = words;
}

// Adds the products of all that is in the tile.
fn addTile(sums: ptr<function, Sums>, thread: u32) {
  for (var four = 0u; four < FOURS; four++) {
    let numbers = numbersOfRows(thread, four);
    for (var half = 0u; half < 2u; half++) {
      let columns = columnsOfRows(thread, four, half);
      for (var t = 0u; t < EACH; t++) {
        let at = tokenOf(thread, t) * VECTORS;
        let scaleAndSums = bitcast<vec4<f32>>(tokenVectors[at + 4u]);
        let products = vec4<f32>(productsOf(columns, tokenVectors[at + 2u * half], tokenVectors[at + 2u * half + 1u]));
        let scaled = scaleAndSums.x * (numbers[half] * products) + scaleAndSums[1u + half] * numbers[2u + half];
        (*sums)[t * FOURS + four] += scaled;
      }
    }
  }
}

// Of four rows: scales of columns 0..15, of 16..31, mins of 0..15, of 16..31.
fn numbersOfRows(thread: u32, four: u32) -> mat4x4<f32> {
  return transpose(
    mat4x4<f32>(
      rowNumbers[rowOf(thread, 4u * four)],
      rowNumbers[rowOf(thread, 4u * four + 1u)],
      rowNumbers[rowOf(thread, 4u * four + 2u)],
      rowNumbers[rowOf(thread, 4u * four + 3u)],
    ),
  );
}

// 16 columns, four in a matrix; each has the levels of four rows.
fn columnsOfRows(thread: u32, four: u32, half: u32) -> array<mat4x4<f16>, 4> {
  var columns = array<mat4x4<f16>, 4>();
  for (var word = 0u; word < 4u; word++) {
    let at = 4u * half + word;
    columns[word] = transpose(
      mat4x4<f16>(
        rowWords[rowOf(thread, 4u * four) * WORDS_APART + at],
        rowWords[rowOf(thread, 4u * four + 1u) * WORDS_APART + at],
        rowWords[rowOf(thread, 4u * four + 2u) * WORDS_APART + at],
        rowWords[rowOf(thread, 4u * four + 3u) * WORDS_APART + at],
      ),
    );
  }
  return columns;
}

// Products of 16 columns of four rows with a token's numbers, eight in a vector of words.
fn productsOf(columns: array<mat4x4<f16>, 4>, a: vec4<u32>, b: vec4<u32>) -> vec4<f16> {
  var sum = columns[0] * bitcast<vec4<f16>>(a.xy);
  sum += columns[1] * bitcast<vec4<f16>>(a.zw);
  sum += columns[2] * bitcast<vec4<f16>>(b.xy);
  return sum + columns[3] * bitcast<vec4<f16>>(b.zw);
}
