// Every thread has its rows for itself, as in by_threads. All of them want the same columns: of two vectors of four words each lane reads
// one word, and they tell each other; of one vector where a subgroup has fewer than eight lanes. A processor's loads are those of one lane
// after the other, so that columns cost as much as weights otherwise (lavapipe, Q4_1, 1536 × 576: by digits in by_threads 278 µs, by floats
// here 218).
// needs: few_rows, finite

enable subgroups;

var<private> lane: u32; // of four neighbours
var<private> upper: u32; // 1: of the second four
var<private> isWide: bool;

fn firstUnit(thread: u32) -> u32 {
  return 0u;
}

fn vectorsAt(first: u32) -> array<vec4<u32>, VECTORS> {
  var vectors = array<vec4<u32>, VECTORS>();
  for (var i = 0u; i < VECTORS; i += 2u) {
    let second = min(i + 1u, VECTORS - 1u);
    let word = x[first + select(i, second, upper == 1u) * shape.vectorsApart][lane];
    vectors[i] = vec4<u32>(
      subgroupBroadcast(word, 0u),
      subgroupBroadcast(word, 1u),
      subgroupBroadcast(word, 2u),
      subgroupBroadcast(word, 3u),
    );
    var next = word;
    if (!isWide) {
      next = x[first + second * shape.vectorsApart][lane];
    }
    vectors[second] = vec4<u32>(
      select(subgroupBroadcast(next, 0u), subgroupBroadcast(next, 4u), isWide),
      select(subgroupBroadcast(next, 1u), subgroupBroadcast(next, 5u), isWide),
      select(subgroupBroadcast(next, 2u), subgroupBroadcast(next, 6u), isWide),
      select(subgroupBroadcast(next, 3u), subgroupBroadcast(next, 7u), isWide),
    );
  }
  return vectors;
}

fn sumOfFour(number: f32) -> f32 {
  let two = number + subgroupShuffleXor(number, 1u);
  return two + subgroupShuffleXor(two, 2u);
}

// What all activations are still to be multiplied by, where they are a norm's that was only begun (lib/normed_rows).
fn factorOf(token: u32) -> f32 {
  if (shape.nSquares == 0u) {
    return 1.0;
  }
  var squares = 0.0;
  for (var i = lane; i < shape.nSquares; i += 4u) {
    let at = shape.squaresAt + token * shape.nSquares + i;
    squares += bitcast<f32>(x[at / 4u][at % 4u]);
  }
  return inverseSqrt(held(sumOfFour(squares)) / f32(shape.cols) + bitcast<f32>(shape.epsBits));
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) id: u32,
  @builtin(subgroup_size) size: u32,
) {
  lane = id % 4u;
  isWide = size >= 8u;
  upper = select(0u, id / 4u % 2u, isWide);
  let place = placeOf(group, 1u);
  var sums = sumsOf(place, thread);
  let factor = factorOf(place.tokenBlock);
  for (var r = 0u; r < ROWS; r++) {
    sums[r] *= factor;
  }
  putSums(place, thread, sums);
}
