import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/**
 * `out[t, r] = Σₖ w[r, k] · x[t, k] (+ bias[r])`: weights `[rows, cols]`, activations `[nTokens, cols]`, result
 * `[nTokens, rows]`. Decode has one row of activations (a matrix-vector product), prefill has many (a matrix product).
 */
export const matmul: Op = {
  name: 'matmul',
  shape(inputs) {
    const [w, x, bias] = inputs;
    const [rows, cols] = w!.shape;
    const fits = w!.shape.length === 2 && colsOf(x!) === cols && (bias === undefined || colsOf(bias) === rows);
    if (!fits) mismatch('matmul', 'w [rows, cols], x [.., cols], bias [rows]', inputs);
    return { rows: x!.rows!, cols: rows! };
  },
  quantInput: 0,
  scalars: [{ name: 'rows', type: 'u32', of: (node) => node.inputs[0]!.shape[0]! }, inputCols('cols', 0)],

  reference({ out, inputs: [w, x, bias], node, step }) {
    const [rows, cols] = node.inputs[0]!.shape as [number, number];
    const nRows = rowsOf(node.out.rows!, step);
    for (let t = 0; t < nRows; t++) {
      for (let r = 0; r < rows; r++) {
        let sum = bias ? bias[r]! : 0;
        for (let k = 0; k < cols; k++) sum += w![r * cols + k]! * x![t * cols + k]!;
        out[t * rows + r] = sum;
      }
    }
  },

  cost(node, step) {
    const [w, , bias] = node.inputs;
    return { flops: outputsOf(node, step) * (2 * colsOf(w!) + (bias ? 1 : 0)), bytes: allBytes(node, step) };
  },
};
