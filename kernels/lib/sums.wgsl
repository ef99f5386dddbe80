// Sums of one number of each thread. A tree of halves: needs no subgroups, and `threads` to be a power of two.

override threads: u32;

var<workgroup> parts: array<f32, threads>;

// Called by all threads of a workgroup; all get the sum.
fn sumOf(number: f32, thread: u32) -> f32 {
  parts[thread] = number;
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      parts[thread] += parts[thread + half];
    }
    workgroupBarrier();
  }
  let sum = parts[0];
  workgroupBarrier();
  return sum;
}
