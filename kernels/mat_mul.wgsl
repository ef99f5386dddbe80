// The product of a matrix of levels with many rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus added[r] or added[t, r]. lib/x_… says how activations lie, lib/tile_… how a tile is multiplied.
// needs: tile

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>; // [n, cols / 32, VECTORS]

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = shape.cols / 32u;
  let place = placeOf(group, tileTokens);
  var sums = Sums();
  for (var i = 0u; i < units; i++) {
    for (var j = thread; j < 2u * tileRows; j += threads) {
      let row = heldRow(place.rowBlock * tileRows + j / 2u);
      putWeights(j / 2u, j % 2u, unit(row * units + i));
    }
    for (var j = thread; j < VECTORS * tileTokens; j += threads) {
      let token = heldToken(place.tokenBlock * tileTokens + j / VECTORS);
      putVector(j / VECTORS, j % VECTORS, x[(token * units + i) * VECTORS + j % VECTORS]);
    }
    workgroupBarrier();
    addTile(&sums, thread);
    workgroupBarrier();
  }
  putNumbers(place, thread, sums);
}
