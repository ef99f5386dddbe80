import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** Element-wise sum: the residual connection. */
export const add: Op = {
  name: 'add',
  shape(inputs) {
    const [a, b] = inputs;
    if (colsOf(a!) !== colsOf(b!) || a!.rows !== b!.rows) mismatch('add', 'two operands of one shape', inputs);
    return { rows: a!.rows!, cols: colsOf(a!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [a, b], node, step }) {
    const n = rowsOf(node.out.rows!, step) * colsOf(node.out);
    for (let i = 0; i < n; i++) out[i] = a![i]! + b![i]!;
  },

  cost: (node, step) => ({ flops: outputsOf(node, step), bytes: allBytes(node, step) }),
};
