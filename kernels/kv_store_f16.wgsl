// Stores the step's keys, or values, in a cache of halves: x[rows, kvDim] -> cache[nPositions, kvDim], each row where its position
// belongs. A thread writes a word, which is two numbers. Where kvDim is odd, every other row begins in the middle of a word:
//
//     word            | 0     1 |       | 2     3 |       | 4     5 |
//     kvDim 3         | row 0         | row 1         | row 2 …
//
// Such a word belongs to the row that has its lower half.
// needs: step, cache_row, half_of

@group(0) @binding(1) var<storage, read_write> cache: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(2) @binding(0) var<storage, read_write> lost: atomic<u32>;

override threads: u32;
override kvDim: u32;

// The half of a number; a half that is not finite is noticed.
fn noticed(number: f32) -> u32 {
  let half = halfOf(number);
  if ((half & 0x7c00u) == 0x7c00u) {
    atomicStore(&lost, 1u);
  }
  return half;
}

// Whether the next row of the step follows this one in the cache, too.
fn isFollowed(row: u32) -> bool {
  return row + 1u < step.rows[row].end && cacheRow(row + 1u) > cacheRow(row);
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y;
  let begin = cacheRow(row) * kvDim; // of the row's numbers in the cache
  let end = begin + kvDim;
  let word = begin / 2u + id.x;
  let at = 2u * word;
  if (at >= end) {
    return;
  }
  let shift = row * kvDim - begin; // of x against the cache
  let isMiddle = at < begin;
  if (isMiddle && row > step.rows[row].first) { // the row before this one writes it
    return;
  }
  var halves = vec2<u32>(cache[word] & 0xffffu, cache[word] >> 16u);
  if (!isMiddle) {
    halves.x = noticed(x[shift + at]);
  }
  if (at + 1u < end) {
    halves.y = noticed(x[shift + at + 1u]);
  } else if (isFollowed(row)) {
    halves.y = noticed(x[(row + 1u) * kvDim]);
  }
  cache[word] = halves.x | (halves.y << 16u);
}
