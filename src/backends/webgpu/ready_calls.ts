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

/** Whether a step of so many rows makes a call. */
export const isMade = ({ from = 1, to = Infinity }: Call, nRows: number): boolean => nRows >= from && nRows <= to;

/** Records a call, if the step makes it. */
export function record(pass: GPUComputePassEncoder, { call, pipeline, groups }: ReadyCall, counts: RowCounts): void {
  const nRows = counts[call.rows];
  if (!isMade(call, nRows)) return;
  pass.setPipeline(pipeline);
  for (let g = 0; g < groups.length; g++) pass.setBindGroup(g, groups[g]!);
  pass.dispatchWorkgroups(call.grid.x, call.grid.y(nRows));
}
