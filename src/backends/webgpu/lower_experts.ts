import { colsOf } from '../../ops/op.ts';
import { numbersOf, rowsOfNode, type Expansion } from './calls.ts';
import { partsOf, rowsApart } from './parts.ts';
import { isOfFloats } from './planes.ts';

/** Threads that share a row: LANES of kernels/lib/experts.wgsl. */
const LANES = 8;

/** A call for each part of the stack; each makes the numbers of chosen experts' rows that are in its part. */
export const lowerMatmulExperts: Expansion = (lowering, node) => {
  const { threads, bindingBytes } = lowering.surroundings;
  const [weight, x, chosen, bias] = node.inputs;
  const [, rows] = weight!.shape as [number, number];
  const nUsed = colsOf(chosen!) / 2;
  const kernel = isOfFloats(weight!.quant) ? 'matmul_experts_floats' : 'matmul_experts';
  for (const [part, { rowBegin, rowEnd }] of partsOf(weight!, bindingBytes).entries()) {
    const place = { rowsApart: rowsApart(weight!), firstRow: rowBegin, endRow: rowEnd };
    const numbers = { ...numbersOf(node, threads), ...place };
    lowering.calls.push({
      node,
      kernel: { files: [`quants/${weight!.quant.name}`, kernel], numbers },
      out: lowering.slotOf(node.out),
      inputs: [x, chosen, bias].map((input) => input && lowering.slotOf(input)),
      matrix: { weight: weight!, part },
      rows: rowsOfNode(node),
      grid: { x: Math.ceil(rows / (threads / LANES)), y: (nRows) => nRows * nUsed },
    });
  }
};
