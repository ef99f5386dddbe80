// A tile of levels: units of weights, and activations as lib/x_… says.
//
//     rowVectors     | low | high | scale.xy, min.xy | of row 0, then of row 1 …
//     tokenVectors   | VECTORS of token 0 | of token 1 | …
//
// needs: tile

override nRowVectors: u32 = tileRows * 3u;
override nTokenVectors: u32 = tileTokens * VECTORS;

var<workgroup> rowVectors: array<vec4<u32>, nRowVectors>;
var<workgroup> tokenVectors: array<vec4<u32>, nTokenVectors>;

// Half of a row's unit: 16 columns.
fn putWeights(row: u32, half: u32, weights: Unit) {
  rowVectors[3u * row + half] = select(weights.low, weights.high, half == 1u);
  if (half == 0u) {
    rowVectors[3u * row + 2u] = bitcast<vec4<u32>>(vec4<f32>(weights.scale, weights.min));
  }
}

fn putVector(token: u32, i: u32, words: vec4<u32>) {
  tokenVectors[token * VECTORS + i] = words;
}

// Adds the products of all that is in the tile.
fn addTile(sums: ptr<function, Sums>, thread: u32) {
  for (var t = 0u; t < EACH; t++) {
    let columns = columnsOf(tokenOf(thread, t));
    for (var r = 0u; r < EACH; r++) {
      (*sums)[t * FOURS + r / 4u][r % 4u] += product(unitOf(rowOf(thread, r)), columns);
    }
  }
}

fn unitOf(row: u32) -> Unit {
  let numbers = bitcast<vec4<f32>>(rowVectors[3u * row + 2u]);
  return Unit(rowVectors[3u * row], rowVectors[3u * row + 1u], numbers.xy, numbers.zw);
}

fn columnsOf(token: u32) -> Columns {
  var words = array<vec4<u32>, VECTORS>();
  for (var i = 0u; i < VECTORS; i++) {
    words[i] = tokenVectors[token * VECTORS + i];
  }
  return columnsFrom(words);
}
