// The product of a matrix of floats with many rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus added[r] or added[t, r]. Rows of the matrix are padded with zeros to whole units of 32 columns.
// needs: tile, float_words

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = (shape.cols + 31u) / 32u;
  let lastWord = (shape.cols + 3u) / 4u - 1u;
  let place = placeOf(group, tileTokens);
  var sums = Sums();
  for (var i = 0u; i < units; i++) {
    for (var j = thread; j < WORDS * tileRows; j += threads) {
      let row = heldRow(place.rowBlock * tileRows + j / WORDS);
      rowWords[j / WORDS * WORDS_APART + j % WORDS] = weights4((row * units + i) * WORDS + j % WORDS);
    }
    for (var j = thread; j < WORDS * tileTokens; j += threads) {
      let token = heldToken(place.tokenBlock * tileTokens + j / WORDS);
      tokenWords[j / WORDS * WORDS_APART + j % WORDS] = columns4(token, min(i * WORDS + j % WORDS, lastWord));
    }
    workgroupBarrier();
    addTile(&sums, thread);
    workgroupBarrier();
  }
  putNumbers(place, thread, sums);
}
