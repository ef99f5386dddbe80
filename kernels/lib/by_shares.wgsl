// Every thread has its rows for itself, as in by_threads. All of them want the same columns: of a vector of four words each lane reads one,
// and they tell each other, whatever a subgroup's size is. A processor's loads are those of one lane after the other, so that columns cost as
// much as weights otherwise (lavapipe, Q4_1, 1536 × 576: by digits in by_threads 278 µs, by floats here 218).
// needs: few_rows

enable subgroups;

var<private> lane: u32; // of four neighbours

fn firstUnit(thread: u32) -> u32 {
  return 0u;
}

fn vectorAt(index: u32) -> vec4<u32> {
  let word = x[index][lane];
  return vec4<u32>(
    subgroupBroadcast(word, 0u),
    subgroupBroadcast(word, 1u),
    subgroupBroadcast(word, 2u),
    subgroupBroadcast(word, 3u),
  );
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) id: u32,
) {
  lane = id % 4u;
  let place = placeOf(group, 1u);
  let sums = sumsOf(place, thread);
  for (var r = 0u; r < ROWS; r++) {
    putNumber(place, thread * ROWS + r, sums[r]);
  }
}
