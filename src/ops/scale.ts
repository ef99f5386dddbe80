import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/** `out = x * by (+ bias)`: one number for all, and a bias for each column where there is one. */
export const scale: Op = {
  name: 'scale',
  shape(inputs) {
    const [x, bias] = inputs;
    if (bias && colsOf(bias) !== colsOf(x!)) mismatch('scale', 'x [.., cols], bias [cols]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  maxInputs: 2,
  scalars: [inputCols('cols', 0), param('by', 'f32')],

  reference({ out, inputs: [x, bias], node, step }) {
    const cols = colsOf(node.out);
    const n = rowsOf(node.out.rows!, step) * cols;
    for (let i = 0; i < n; i++) out[i] = x![i]! * node.params['by']! + (bias ? bias[i % cols]! : 0);
  },

  cost: (node, step) => ({ flops: node.inputs.length * outputsOf(node, step), bytes: allBytes(node, step) }),
};
