// Activations as they are, and products of 32 columns of them with a unit of levels.
// needs: levels

// Of four words, for 32 columns.
const VECTORS = 8u;

struct Columns {
  low: mat4x4<f32>, // columns 0..15
  high: mat4x4<f32>, // columns 16..31
  sums: vec2<f32>, // of both: what a min is multiplied by
}

fn columnsFrom(words: array<vec4<u32>, VECTORS>) -> Columns {
  let low = floats16(words[0], words[1], words[2], words[3]);
  let high = floats16(words[4], words[5], words[6], words[7]);
  return Columns(low, high, vec2<f32>(sumOf(low), sumOf(high)));
}

fn floats16(a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32>) -> mat4x4<f32> {
  return mat4x4<f32>(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b), bitcast<vec4<f32>>(c), bitcast<vec4<f32>>(d));
}

fn sumOf(numbers: mat4x4<f32>) -> f32 {
  return dot(numbers[0] + numbers[1] + numbers[2] + numbers[3], vec4<f32>(1.0));
}

fn product16(levels: vec4<u32>, numbers: mat4x4<f32>) -> f32 {
  var sums = levels4(levels.x) * numbers[0];
  sums = fma(levels4(levels.y), numbers[1], sums);
  sums = fma(levels4(levels.z), numbers[2], sums);
  sums = fma(levels4(levels.w), numbers[3], sums);
  return dot(sums, vec4<f32>(1.0));
}

fn product(weights: Unit, columns: Columns) -> f32 {
  let products = vec2<f32>(product16(weights.low, columns.low), product16(weights.high, columns.high));
  return dot(weights.scale, products) + dot(weights.min, columns.sums);
}
