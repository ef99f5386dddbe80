// Activations as levels of 8 bits, and products of 32 columns of them with a unit of levels. quantize_activations makes them:
//
//     32 columns   | levels of 0..15 | 16..31 | scales of both, sums of both |     48 bytes
//
// needs: dots

// Of four words, for 32 columns.
const VECTORS = 3u;

struct Columns {
  low: vec4<u32>, // columns 0..15
  high: vec4<u32>, // columns 16..31
  scale: vec2<f32>,
  sums: vec2<f32>, // what a min is multiplied by
}

fn columnsFrom(words: array<vec4<u32>, VECTORS>) -> Columns {
  let numbers = bitcast<vec4<f32>>(words[2]);
  return Columns(words[0], words[1], numbers.xy, numbers.zw);
}

fn product(weights: Unit, columns: Columns) -> f32 {
  let products = vec2<i32>(dot16(weights.low, columns.low), dot16(weights.high, columns.high));
  return dot(columns.scale * weights.scale, vec2<f32>(products)) + dot(weights.min, columns.sums);
}
