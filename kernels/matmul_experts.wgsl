// Products with the matrices of chosen experts, of levels: w[nExperts, rows, cols], x[n, cols] or [n, nUsed, cols], chosen[n, 2 * nUsed] ->
// out[n, nUsed, rows], out[t, j, r] = sum over k of w[chosen[t, j], r, k] * x[t, j, k], plus bias[chosen[t, j], r].
// needs: experts, x_floats

@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>;

// What a lane adds up of a row of the part, with activations from column `first` on.
fn sumOfLane(row: u32, first: u32, lane: u32) -> f32 {
  let units = cols / 32u;
  var sum = 0.0;
  for (var i = lane; i < units; i += LANES) {
    var words = array<vec4<u32>, VECTORS>();
    for (var v = 0u; v < VECTORS; v++) {
      words[v] = x[first / 4u + i * VECTORS + v];
    }
    sum += product(unit(row * units + i), columnsFrom(words));
  }
  return sum;
}
