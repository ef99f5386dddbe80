import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** Columns times numbers of their own: `x[.., cols] · weight[cols]`. */
export const multiply: Op = {
  name: 'multiply',
  shape(inputs) {
    const [x, weight] = inputs;
    if (colsOf(x!) !== colsOf(weight!)) mismatch('multiply', 'x [.., cols], weight [cols]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x, weight], node, step }) {
    const cols = colsOf(node.out);
    for (let i = 0; i < rowsOf(node.out.rows!, step) * cols; i++) out[i] = x![i]! * weight![i % cols]!;
  },

  cost: (node, step) => ({ flops: outputsOf(node, step), bytes: allBytes(node, step) }),
};
