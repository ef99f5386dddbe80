// 32 columns of activations as levels of 15 bits, each of two signed bytes; drawn in lib/x_digits.
// needs: bytes, shape

const VECTORS = 5u;
const MOST = 16256.0; // 127 * 128

fn put(numbers: array<vec4<f32>, 8>, outFirst: u32) {
  let largest = largestOf(numbers, 0u, 8u);
  let factor = factorFor(largest, MOST);
  var sums = vec2<f32>();
  for (var half = 0u; half < 2u; half++) {
    var coarse = vec4<u32>();
    var fine = vec4<u32>();
    var sum = vec4<i32>();
    for (var word = 0u; word < 4u; word++) {
      let levels = vec4<i32>(round(factor * numbers[4u * half + word]));
      let digits = (levels + 64) >> vec4<u32>(7u);
      coarse[word] = fourBytes(digits);
      fine[word] = fourBytes(levels - 128 * digits);
      sum += levels;
    }
    out[outFirst + half * shape.vectorsApart] = coarse;
    out[outFirst + (2u + half) * shape.vectorsApart] = fine;
    sums[half] = f32(sum.x + sum.y + sum.z + sum.w);
  }
  out[outFirst + 4u * shape.vectorsApart] = scaleAndSums(largest, MOST, sums);
}
