// Each thread reads all columns that it multiplies.

fn vectorsAt(first: u32) -> array<vec4<u32>, VECTORS> {
  var vectors = array<vec4<u32>, VECTORS>();
  for (var i = 0u; i < VECTORS; i++) {
    vectors[i] = x[first + i * shape.vectorsApart];
  }
  return vectors;
}
