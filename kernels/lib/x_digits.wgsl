// Activations as levels of 15 bits, and products of 32 columns of them with a unit of levels. A level is 128 * coarse + fine; both digits
// are signed bytes. quantize_activations makes them:
//
//     32 columns   | coarse, 0..15 | coarse, 16..31 | fine, 0..15 | fine, 16..31 | scale, sum of 0..15, sum of 16..31, 0 |     80 bytes
//
// needs: dots

// Of four words, for 32 columns.
const VECTORS = 5u;

struct Columns {
  coarseLow: vec4<u32>, // columns 0..15
  coarseHigh: vec4<u32>, // columns 16..31
  fineLow: vec4<u32>,
  fineHigh: vec4<u32>,
  scale: f32,
  sums: vec2<f32>, // what a min is multiplied by
}

fn columnsFrom(words: array<vec4<u32>, VECTORS>) -> Columns {
  let numbers = bitcast<vec4<f32>>(words[4]);
  return Columns(words[0], words[1], words[2], words[3], numbers.x, numbers.yz);
}

fn product(weights: Unit, columns: Columns) -> f32 {
  let low = 128 * dot16(weights.low, columns.coarseLow) + dot16(weights.low, columns.fineLow);
  let high = 128 * dot16(weights.high, columns.coarseHigh) + dot16(weights.high, columns.fineHigh);
  return columns.scale * dot(weights.scale, vec2<f32>(vec2<i32>(low, high))) + dot(weights.min, columns.sums);
}
