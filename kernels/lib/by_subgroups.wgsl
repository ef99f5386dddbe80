// Adds the sums of lanes: those of a subgroup among themselves, then what subgroups made, through workgroup memory. A subgroup may have
// any number of threads, more or fewer than `lanes`; neighbouring threads are in the same one.
// needs: few_rows

enable subgroups;

override nLaneSums: u32 = nSums * lanes; // of subgroups of one thread

var<workgroup> laneSums: array<f32, nLaneSums>;

fn firstUnit(thread: u32) -> u32 {
  return thread % lanes;
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_size) size: u32,
) {
  let place = placeOf(group, 1u);
  let sums = sumsOf(place, thread);
  let together = min(size, lanes); // lanes that a subgroup adds up
  let apart = lanes / together;
  let first = thread / lanes * ROWS;
  for (var r = 0u; r < ROWS; r++) {
    var sum = sums[r];
    for (var distance = 1u; distance < together; distance *= 2u) {
      sum += subgroupShuffleXor(sum, distance);
    }
    if (thread % together == 0u) {
      laneSums[(first + r) * apart + thread % lanes / together] = sum;
    }
  }
  workgroupBarrier();
  for (var i = thread; i < nSums; i += threads) {
    var sum = 0.0;
    for (var part = 0u; part < apart; part++) {
      sum += laneSums[i * apart + part];
    }
    putNumber(place, i, sum);
  }
}
