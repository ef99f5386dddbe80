import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/** `out[t, r] = x[t, r] + by · Σₖ w[r, k] · y[t, k]`: the second half of a low-rank product, with few columns, added to the first operand. */
export const addProduct: Op = {
  name: 'add_product',
  shape(inputs) {
    const [x, w, y] = inputs;
    const fits =
      w!.shape.length === 2 && colsOf(x!) === w!.shape[0] && colsOf(y!) === w!.shape[1] && x!.rows === y!.rows;
    if (!fits) mismatch('add_product', 'x [.., rows], w [rows, cols], y [.., cols]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  quantInput: 1,
  scalars: [inputCols('rows', 0), inputCols('cols', 1), param('by', 'f32')],

  reference({ out, inputs: [x, w, y], node, step }) {
    const [rows, cols] = node.inputs[1]!.shape as [number, number];
    const nRows = rowsOf(node.out.rows!, step);
    for (let t = 0; t < nRows; t++) {
      for (let r = 0; r < rows; r++) {
        let sum = 0;
        for (let k = 0; k < cols; k++) sum += w![r * cols + k]! * y![t * cols + k]!;
        out[t * rows + r] = x![t * rows + r]! + node.params['by']! * sum;
      }
    }
  },

  cost: (node, step) => ({
    flops: outputsOf(node, step) * (2 * colsOf(node.inputs[1]!) + 2),
    bytes: allBytes(node, step),
  }),
};
