import type { Rows, Step } from '../../graph/graph.ts';
import type { Call } from './calls.ts';

/** A call with what a pass wants of it. */
export interface ReadyCall {
  readonly call: Call;
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly GPUBindGroup[];
}

/** How many rows of each kind a step has. */
export type RowCounts = Readonly<Record<Rows, number>>;

export const countRows = ({ tokens, nLogits }: Step): RowCounts => ({ tokens: tokens.length, logits: nLogits });

/** Whether steps of so many rows have a call. */
export const isMade = ({ from = 1, to = Infinity }: Call, nRows: number): boolean => nRows >= from && nRows <= to;

/** Records a call, if steps of so many rows have it. */
export function record(pass: GPUComputePassEncoder, { call, pipeline, groups }: ReadyCall, counts: RowCounts): void {
  const nRows = counts[call.rows];
  if (!isMade(call, nRows)) return;
  pass.setPipeline(pipeline);
  for (let g = 0; g < groups.length; g++) pass.setBindGroup(g, groups[g]!);
  pass.dispatchWorkgroups(call.grid.x, call.grid.y(nRows));
}

/** Shorter times are not told apart: a fence takes a while, and clocks of pages are coarse. */
const LEAST_MS = 5;

/** Milliseconds of one pass, out of as many as a fence can tell from each other. */
export async function timePass(device: GPUDevice, recordAll: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const passes = (n: number) => timePasses(device, n, recordAll);
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

/** Records so often, and waits. @returns milliseconds */
async function timePasses(device: GPUDevice, n: number, recordAll: (pass: GPUComputePassEncoder) => void) {
  const startMs = performance.now();
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < n; i++) recordAll(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - startMs;
}
