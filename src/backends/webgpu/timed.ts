/** Shorter times are not told apart: a fence takes a while, and clocks of pages are coarse. */
const LEAST_MS = 5;

/**
 * Milliseconds of one pass, out of as many as a fence can tell from none.
 * @param passes does so many, waits for them, and says how many milliseconds they took
 */
export async function timed(passes: (n: number) => Promise<number>): Promise<number> {
  const fenceMs = Math.min(await passes(0), await passes(0));
  const leastMs = Math.max(LEAST_MS, 2 * fenceMs);
  let n = 1;
  let ms = await passes(n); // what comes first is slower
  for (ms = await passes(n); ms - fenceMs < leastMs; ms = await passes(n)) {
    n = Math.ceil(n * Math.min(16, Math.max(2, leastMs / Math.max(0.01, ms - fenceMs))));
  }
  for (let sumMs = ms; sumMs < 4 * leastMs; sumMs += leastMs) ms = Math.min(ms, await passes(n));
  return (ms - fenceMs) / n;
}
