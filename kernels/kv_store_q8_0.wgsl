// Stores the step's keys, or values, in a cache of levels: x[rows, kvDim] -> cache[nPositions, kvDim] (kernels/caches/q8_0.wgsl), each row
// where its position belongs. A workgroup spreads one head of one row, then a thread writes four levels.
// needs: step, cache_row, hadamard, half_of, halves

@group(0) @binding(1) var<storage, read_write> cache: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(2) @binding(0) var<storage, read_write> lost: array<u32>;

override threads: u32;
override kvDim: u32;
override headDim: u32;

// A scale is a half, and the largest level 127.
const LARGEST = 65519.0 * 127.0;

// The largest magnitude of 32 numbers. As bits, NaN is larger than all.
fn largestOf(block: u32) -> u32 {
  var largest = 0u;
  for (var i = 32u * block; i < 32u * block + 32u; i++) {
    largest = max(largest, bitcast<u32>(numbers[i]) & 0x7fffffffu);
  }
  return largest;
}

// The nearest integer, ties away from zero, as a byte.
fn levelOf(number: f32) -> u32 {
  return u32(i32(number + select(0.5, -0.5, number < 0.0))) & 0xffu;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  for (var i = thread; i < headDim; i += threads) {
    numbers[i] = x[group.y * kvDim + group.x * headDim + i];
  }
  workgroupBarrier();
  hadamard(thread);
  let first = (cacheRow(group.y) * kvDim + group.x * headDim) / 4u; // word of the cache
  for (var i = thread; i < headDim / 4u; i += threads) {
    let largest = largestOf(i / 8u);
    let isHeld = largest <= bitcast<u32>(LARGEST);
    let scale = bitcast<f32>(largest) / 127.0;
    let perScale = select(1.0 / scale, 0.0, scale == 0.0);
    var word = 0u;
    for (var byte = 0u; byte < 4u; byte++) {
      word |= levelOf(numbers[4u * i + byte] * perScale) << (8u * byte);
    }
    cache[first + i] = word;
    if (i % 8u == 0u) {
      let kept = bitcast<u32>(halves(halfOf(scale)).x);
      cache[nPositions * (kvDim / 4u) + (first + i) / 8u] = select(0x7fc00000u, kept, isHeld);
    }
    if (!isHeld) {
      lost[0] = 1u;
    }
  }
}
