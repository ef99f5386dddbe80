// Every thread has its rows for itself: `lanes` is 1, and there is nothing to add up. Software likes it, to which a barrier is dear.
// needs: few_rows

fn firstUnit(thread: u32) -> u32 {
  return 0u;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let place = placeOf(group, 1u);
  putSums(place, thread, sumsOf(place, thread));
}
