// 32 columns of activations as levels of 8 bits; drawn in lib/x_levels.
// needs: bytes, shape

const VECTORS = 3u;
const MOST = 127.0;

fn put(numbers: array<vec4<f32>, 8>, outFirst: u32) {
  var scales = vec2<f32>();
  var sums = vec2<f32>();
  for (var half = 0u; half < 2u; half++) {
    let largest = largestOf(numbers, 4u * half, 4u);
    let factor = factorFor(largest, MOST);
    var words = vec4<u32>();
    var sum = vec4<i32>();
    for (var word = 0u; word < 4u; word++) {
      let levels = vec4<i32>(round(factor * numbers[4u * half + word]));
      words[word] = fourBytes(levels);
      sum += levels;
    }
    out[outFirst + half * shape.vectorsApart] = words;
    scales[half] = held(largest) / MOST;
    sums[half] = f32(sum.x + sum.y + sum.z + sum.w);
  }
  out[outFirst + 2u * shape.vectorsApart] = bitcast<vec4<u32>>(vec4<f32>(scales, scales * sums));
}
