// Stores the step's keys, or values, in a cache: x[rows, kvDim] -> cache[nPositions, kvDim], each row where its position belongs.
// needs: step, cache_row, finite

@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(2) @binding(0) var<storage, read_write> lost: atomic<u32>;

override threads: u32;
override kvDim: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= kvDim) {
    return;
  }
  let number = x[id.y * kvDim + id.x];
  cache[cacheRow(id.y) * kvDim + id.x] = number;
  if (!isFinite(number)) {
    atomicStore(&lost, 1u);
  }
}
