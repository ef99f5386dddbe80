// The product of a matrix of floats with many rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus bias[r]. Rows of the matrix are padded with zeros to whole units of 32 columns.
// needs: step, tile

override cols: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = (cols + 31u) / 32u;
  let words = (cols + 3u) / 4u;
  var sums: Sums;
  for (var i = 0u; i < units; i++) {
    for (var j = thread; j < 8u * TILE; j += 64u) {
      let word = i * 8u + j % 8u;
      let at = j / 8u * APART + j % 8u;
      rowTile[at] = weights4(heldRow(group.x * TILE + j / 8u) * units * 8u + word);
      tokenTile[at] = columns4(heldToken(group.y * TILE + j / 8u), min(word, words - 1u));
    }
    addTile(&sums, thread);
  }
  putTile(group, thread, sums);
}
