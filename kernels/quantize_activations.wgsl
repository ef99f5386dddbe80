// Activations as products with integers or halves want them: x[n, cols] -> out. A thread makes 32 columns of a row, which share a scale:
// a few vectors of four words, drawn in lib/x_…. (Levels of 8 bits have a scale for each 16.) They lie side by side for tiles. For products with few rows, where neighbouring threads read
// neighbouring columns, a row has the first vectors of all its columns, then the second ones.
// needs: step, shape, finite

@group(0) @binding(1) var<storage, read_write> out: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;

override threads: u32;

// Below it, its inverse would be infinite.
const SMALLEST = 1e-30;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let units = shape.cols / 32u;
  if (id.x < units) {
    let xFirst = 8u * (id.y * units + id.x);
    put(xFirst, id.y * units * VECTORS + id.x * shape.unitsApart);
  }
}

// Magnitudes of floats have the order of their bits, and so have infinity and NaN behind them.
fn largestOf(xFirst: u32, words: u32) -> f32 {
  var bits = vec4<u32>(0u);
  for (var word = 0u; word < words; word++) {
    bits = max(bits, bitcast<vec4<u32>>(x[xFirst + word]) & vec4<u32>(0x7fffffffu));
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
