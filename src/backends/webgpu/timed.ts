import { checkDevice, type Gpu } from './device.ts';
import { record, type ReadyCall, type RowCounts } from './ready_calls.ts';

/** Shorter times are not told apart: a fence takes a while, and clocks of pages are coarse. */
const LEAST_MS = 5;

/** No device does so many passes in LEAST_MS: one that seems to has not done them. */
const MOST_PASSES = 1 << 14;

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
    if (n > MOST_PASSES) throw new Error(`it takes no time: ${n} passes would be over within ${leastMs} ms`);
  }
  for (let sumMs = ms; sumMs < 4 * leastMs; sumMs += leastMs) ms = Math.min(ms, await passes(n));
  return (ms - fenceMs) / n;
}

/** Runs calls so often, and waits. @returns milliseconds @throws ResourceError where the device is gone: then it says that it is done */
export async function passes(n: number, calls: readonly ReadyCall[], nRows: RowCounts, gpu: Gpu): Promise<number> {
  const { device } = gpu;
  const startMs = performance.now();
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < n; i++) for (const ready of calls) record(pass, ready, nRows);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  checkDevice(gpu);
  return performance.now() - startMs;
}
