// The largest of one number of each thread, by a tree of halves; `threads` is a power of two.
// needs: sums

// Called by all threads of a workgroup; all get it.
fn largestOf(number: f32, thread: u32) -> f32 {
  parts[thread] = number;
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      parts[thread] = max(parts[thread], parts[thread + half]);
    }
    workgroupBarrier();
  }
  let largest = parts[0];
  workgroupBarrier();
  return largest;
}
