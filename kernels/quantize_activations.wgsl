// Activations as products with integers or halves want them: x[n, cols] -> out. A thread makes 32 columns of a row, which share a scale:
// a few vectors of four words, drawn in lib/x_…. (Levels of 8 bits have a scale for each 16.) They lie side by side for tiles. For products
// with few rows, where neighbouring threads read neighbouring columns, a row has the first vectors of all its columns, then the second ones.
// lib/of_… says where x comes from: it lies there, or is made on the way.
// needs: step, shape, finite

@group(0) @binding(1) var<storage, read_write> out: array<vec4<u32>>;

// Below it, its inverse would be infinite.
const SMALLEST = 1e-30;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let units = shape.cols / 32u;
  let unit = group.x * threads + thread;
  prepare(group.y, thread);
  if (unit >= units) {
    return;
  }
  var numbers = array<vec4<f32>, 8>();
  for (var word = 0u; word < 8u; word++) {
    numbers[word] = numbers4(group.y, 8u * unit + word);
  }
  put(numbers, group.y * units * VECTORS + unit * shape.unitsApart);
}

// Of some words. Magnitudes of floats have the order of their bits, and so have infinity and NaN behind them.
fn largestOf(numbers: array<vec4<f32>, 8>, first: u32, words: u32) -> f32 {
  var bits = vec4<u32>(0u);
  for (var word = first; word < first + words; word++) {
    bits = max(bits, bitcast<vec4<u32>>(numbers[word]) & vec4<u32>(0x7fffffffu));
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
