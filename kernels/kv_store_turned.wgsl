// Stores the step's keys and values in their caches, each row where its position belongs: k, v[rows, kvDim] -> keys, values[nPositions,
// kvDim]. Keys are turned on the way. A thread has four columns of either. lib/into_… is how a cache lies.
// needs: step, cache_row, turned

@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> angles: array<f32>;
@group(2) @binding(0) var<storage, read_write> lost: atomic<u32>;

override threads: u32;
override kvDim: u32;
override headDim: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let fours = kvDim / 4u; // of a row
  let foursOfHead = headDim / 4u;
  if (id.x >= 2u * fours) {
    return;
  }
  let column = id.x % fours;
  let source = id.y * fours + column;
  let at = cacheRow(id.y) * fours + column;
  if (id.x >= fours) {
    storeValues(at, v[source]);
    return;
  }
  let four = column % foursOfHead;
  storeKeys(at, turned(k[source], k[source - four + partnerOf(four)], four, id.y));
}
