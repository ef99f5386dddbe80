// Activations as halves between -1 and 1, and products of 32 columns of them with a unit of levels: four products are added as halves,
// everything else as floats. quantize_activations makes them:
//
//     32 columns   | 0..7 | 8..15 | 16..23 | 24..31 | scale, sum of 0..15, sum of 16..31, 0 |     80 bytes
//
// needs: half_levels

enable f16;

// Of four words, for 32 columns.
const VECTORS = 5u;

struct Columns {
  low: mat4x4<f16>, // columns 0..15
  high: mat4x4<f16>, // columns 16..31
  scale: f32,
  sums: vec2<f32>, // what a min is multiplied by
}

fn columnsFrom(words: array<vec4<u32>, VECTORS>) -> Columns {
  let numbers = bitcast<vec4<f32>>(words[4]);
  return Columns(halves16(words[0], words[1]), halves16(words[2], words[3]), numbers.x, numbers.yz);
}

fn halves16(a: vec4<u32>, b: vec4<u32>) -> mat4x4<f16> {
  return mat4x4<f16>(
    bitcast<vec4<f16>>(a.xy),
    bitcast<vec4<f16>>(a.zw),
    bitcast<vec4<f16>>(b.xy),
    bitcast<vec4<f16>>(b.zw),
  );
}

fn product16(levels: vec4<u32>, numbers: mat4x4<f16>) -> f32 {
  var sums = halfLevels4(levels.x) * numbers[0];
  sums = fma(halfLevels4(levels.y), numbers[1], sums);
  sums = fma(halfLevels4(levels.z), numbers[2], sums);
  sums = fma(halfLevels4(levels.w), numbers[3], sums);
  return dot(vec4<f32>(sums), vec4<f32>(1.0));
}

fn product(weights: Unit, columns: Columns) -> f32 {
  let products = vec2<f32>(product16(weights.low, columns.low), product16(weights.high, columns.high));
  return columns.scale * dot(weights.scale, products) + dot(weights.min, columns.sums);
}
