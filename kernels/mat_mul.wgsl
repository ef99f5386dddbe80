// The product of a matrix of levels with many rows of activations: w[rows, cols], x[n, cols] -> out[n, outCols],
// out[t, r] = sum over k of w[r, k] * x[t, k], plus bias[r].
// needs: step, levels, tile

@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;

override cols: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = cols / 32u;
  let row = heldRow(group.x * TILE + thread / 2u);
  var sums: Sums;
  for (var i = 0u; i < units; i++) {
    putHalfUnit(thread, unit(row * units + i));
    for (var j = thread; j < 8u * TILE; j += 64u) {
      let token = heldToken(group.y * TILE + j / 8u);
      tokenTile[j / 8u * APART + j % 8u] = x[(token * units + i) * 8u + j % 8u];
    }
    addTile(&sums, thread);
  }
  putTile(group, thread, sums);
}

// Weights of a row's unit: two threads have one row, each of them 16 columns.
fn putHalfUnit(thread: u32, weights: Unit) {
  let half = thread % 2u;
  let levels = select(weights.low, weights.high, half == 1u);
  let at = thread / 2u * APART + 4u * half;
  for (var word = 0u; word < 4u; word++) {
    rowTile[at + word] = weights.scale[half] * levels4(levels[word]) + weights.min[half];
  }
}
