// 32 columns of activations as halves between -1 and 1; drawn in lib/x_halves.
// needs: shape

enable f16;

const VECTORS = 5u;
const MOST = 1.0;

fn put(numbers: array<vec4<f32>, 8>, outFirst: u32) {
  let largest = largestOf(numbers, 0u, 8u);
  let factor = factorFor(largest, MOST);
  var sums = vec2<f32>();
  for (var half = 0u; half < 2u; half++) {
    var words = array<vec2<u32>, 4>();
    var sum = vec4<f32>();
    for (var word = 0u; word < 4u; word++) {
      let halves = vec4<f16>(factor * numbers[4u * half + word]);
      words[word] = bitcast<vec2<u32>>(halves);
      sum += vec4<f32>(halves);
    }
    out[outFirst + 2u * half * shape.vectorsApart] = vec4<u32>(words[0], words[1]);
    out[outFirst + (2u * half + 1u) * shape.vectorsApart] = vec4<u32>(words[2], words[3]);
    sums[half] = dot(sum, vec4<f32>(1.0));
  }
  out[outFirst + 4u * shape.vectorsApart] = scaleAndSums(largest, MOST, sums);
}
