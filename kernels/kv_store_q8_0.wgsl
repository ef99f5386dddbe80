// Stores the step's keys, or values, in a cache of levels: x[rows, kvDim] -> cache[nPositions, kvDim] (kernels/caches/q8_0.wgsl), each row
// where its position belongs. A workgroup spreads one head of one row, then a thread writes four levels.
// needs: step, cache_row, hadamard, half_of, halves

@group(0) @binding(1) var<storage, read_write> cache: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(2) @binding(0) var<storage, read_write> lost: atomic<u32>;

override threads: u32;
override kvDim: u32;
override headDim: u32;

// A scale is a half, and the largest level 127.
const LARGEST = 65519.0 * 127.0;

// The largest magnitude of 32 numbers. As bits, NaN is larger than all.
fn largestOf(block: u32) -> u32 {
  var largest = vec4<u32>();
  for (var i = 8u * block; i < 8u * block + 8u; i++) {
    largest = max(largest, bitcast<vec4<u32>>(numbers[i]) & vec4<u32>(0x7fffffffu));
  }
  return max(max(largest.x, largest.y), max(largest.z, largest.w));
}

// The nearest integers, ties away from zero, as bytes.
fn levelsOf(numbers: vec4<f32>) -> u32 {
  let levels = vec4<i32>(numbers + select(vec4<f32>(0.5), vec4<f32>(-0.5), numbers < vec4<f32>()));
  let bytes = (bitcast<vec4<u32>>(levels) & vec4<u32>(0xffu)) << vec4<u32>(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  for (var i = thread; i < nFours; i += threads) {
    numbers[i] = x[(group.y * kvDim + group.x * headDim) / 4u + i];
  }
  workgroupBarrier();
  hadamard(thread);
  let first = (cacheRow(group.y) * kvDim + group.x * headDim) / 4u; // word of the cache
  for (var i = thread; i < nFours; i += threads) {
    let largest = largestOf(i / 8u);
    let isHeld = largest <= bitcast<u32>(LARGEST);
    let scale = bitcast<f32>(largest) / 127.0;
    let perScale = select(1.0 / scale, 0.0, scale == 0.0);
    cache[first + i] = levelsOf(numbers[i] * perScale);
    if (i % 8u == 0u) {
      let kept = bitcast<u32>(halves(halfOf(scale)).x);
      cache[nPositions * (kvDim / 4u) + (first + i) / 8u] = select(0x7fc00000u, kept, isHeld);
    }
    if (!isHeld) {
      atomicStore(&lost, 1u);
    }
  }
}
