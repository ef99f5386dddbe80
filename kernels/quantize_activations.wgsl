// Activations as products with integers or halves want them: x[n, cols] -> out[n, cols / 32, …]. A thread makes 32 columns of a row, which
// share a scale. lib/put_… says how they lie.
// needs: step, finite

@group(0) @binding(1) var<storage, read_write> out: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;

override threads: u32;
override cols: u32;

// Below it, its inverse would be infinite.
const SMALLEST = 1e-30;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let units = cols / 32u;
  if (id.x < units) {
    let index = id.y * units + id.x;
    put(index, largestOf(8u * index));
  }
}

// Magnitudes of floats have the order of their bits, and so have infinity and NaN behind them.
fn largestOf(at: u32) -> f32 {
  var bits = vec4<u32>(0u);
  for (var word = 0u; word < 8u; word++) {
    bits = max(bits, bitcast<vec4<u32>>(x[at + word]) & vec4<u32>(0x7fffffffu));
  }
  return bitcast<f32>(max(max(bits.x, bits.y), max(bits.z, bits.w)));
}

// What numbers are multiplied by so that the largest of them becomes `most`; numbers near zero become zeros.
fn factorFor(largest: f32, most: f32) -> f32 {
  if (largest < SMALLEST) {
    return 0.0;
  }
  return most / largest;
}

// The words behind the numbers: of 32 columns with one that is not finite, all products are not.
fn scaleAndSums(largest: f32, most: f32, sums: vec2<f32>) -> vec4<u32> {
  let scale = held(largest) / most;
  return bitcast<vec4<u32>>(vec4<f32>(scale, scale * sums, 0.0));
}
