// Adds the sums of lanes: all of them go to workgroup memory, and after one barrier a thread adds those of a number. Needs no subgroups.
//
//     laneSums   | number 0: of lane 0, of lane 1, … | unused | number 1: … | …     lanes + 1 apart: in different banks
//
// needs: few_rows

override nLaneSums: u32 = nSums * (lanes + 1u); // named: naga 29 fails on an array of so many

var<workgroup> laneSums: array<f32, nLaneSums>;

fn firstUnit(thread: u32) -> u32 {
  return thread % lanes;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let place = placeOf(group, 1u);
  let sums = sumsOf(place, thread);
  let first = thread / lanes * ROWS;
  for (var r = 0u; r < ROWS; r++) {
    laneSums[(first + r) * (lanes + 1u) + thread % lanes] = sums[r];
  }
  workgroupBarrier();
  for (var i = thread; i < nSums; i += threads) {
    var sum = 0.0;
    for (var lane = 0u; lane < lanes; lane++) {
      sum += laneSums[i * (lanes + 1u) + lane];
    }
    putNumber(place, i, sum);
  }
}
