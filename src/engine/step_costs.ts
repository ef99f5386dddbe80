import type { ProgramPlan } from '../backends/wasm/plan.ts';
import { greatest } from '../base/numbers.ts';
import type { Step } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import { colsOf } from '../ops/op.ts';

/** What a step of one token is made of. */
export interface StepCosts {
  readonly matVecs: readonly { readonly type: string; readonly bytes: number; readonly rows: number }[];
  /** Times that threads wait for each other. */
  readonly nPhases: number;
  /** Bytes that kernels read and write which go row by row: of one row, on one thread. */
  readonly rowBytes: number;
  readonly attentionFlops: number;
}

export function stepCosts({ fused }: Pick<ProgramPlan, 'fused'>, step: Step): StepCosts {
  const calls = fused.flatMap(({ calls }) => calls);
  const ofOp = (...ops: string[]) => calls.filter(({ op }) => ops.includes(op));
  const matVecs = ofOp('matmul', 'matmul_experts').map(({ node }) => {
    const w = node.inputs[0]!;
    const nUsed = node.params['nUsed'] ?? 1; // of a stack of experts
    const [cols, rows] = w.shape.toReversed() as [number, number];
    return { type: w.quant.name, bytes: bytesOf(w, nUsed * rows * cols), rows: nUsed * rows };
  });
  let rowBytes = 0;
  for (const { op, node } of calls) {
    if (op.startsWith('matmul') || op.startsWith('attention')) continue;
    rowBytes += op === node.op.name ? node.op.cost(node, step).bytes : 6 * colsOf(node.inputs[1]!); // a product's activations, made levels
  }
  const attentionFlops = ofOp('attention').reduce((sum, { node }) => sum + node.op.cost(node, step).flops, 0);
  return { matVecs, nPhases: 1 + greatest(fused.map(({ phase }) => phase)), rowBytes, attentionFlops };
}
