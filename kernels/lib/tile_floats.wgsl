// A tile of floats, made of units of levels.
// needs: float_words, levels

// Half of a row's unit: 16 columns.
fn putWeights(row: u32, half: u32, weights: Unit) {
  let levels = select(weights.low, weights.high, half == 1u);
  for (var word = 0u; word < 4u; word++) {
    let at = row * WORDS_APART + 4u * half + word;
    rowWords[at] = weights.scale[half] * levels4(levels[word]) + weights.min[half];
  }
}

fn putVector(token: u32, word: u32, words: vec4<u32>) {
  tokenWords[token * WORDS_APART + word] = bitcast<vec4<f32>>(words);
}
