import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/** `out = x + row * by`: a row of a file's, `[cols]`, that is added to all. */
export const addScaled: Op = {
  name: 'add_scaled',
  shape(inputs) {
    const [x, row] = inputs;
    if (row!.shape.length !== 1 || colsOf(x!) !== colsOf(row!))
      mismatch('add_scaled', 'x [.., cols], row [cols]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0), param('by', 'f32')],

  reference({ out, inputs: [x, row], node, step }) {
    const cols = colsOf(node.out);
    const n = rowsOf(node.out.rows!, step) * cols;
    for (let i = 0; i < n; i++) out[i] = x![i]! + row![i % cols]! * node.params['by']!;
  },

  cost: (node, step) => ({ flops: 2 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
