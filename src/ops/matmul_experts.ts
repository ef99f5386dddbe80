import type { Op } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import { colsOf, inputCols, mismatch, operandBytes, outputsOf, param, rowsOf } from './op.ts';

/**
 * A product with the matrices of the experts that a row has chosen: `out[t, j] = w[chosen[t, j]] · x[t, j] (+ bias[chosen[t, j]])` for
 * each of its nUsed choices j. Weights are a stack `[nExperts, rows, cols]`, the bias is `[nExperts, rows]`; x is `[.., cols]`, the same for all
 * choices, or `[.., nUsed * cols]`, a row for each; the result is `[.., nUsed * rows]`. Only matrices of chosen experts are read.
 */
export const matmulExperts: Op = {
  name: 'matmul_experts',
  shape(inputs, { nUsed }) {
    const [w, x, chosen, bias] = inputs;
    const [nExperts, rows, cols] = w!.shape;
    const fits =
      w!.shape.length === 3 &&
      (colsOf(x!) === cols || colsOf(x!) === nUsed! * cols!) &&
      x!.rows === chosen!.rows &&
      colsOf(chosen!) === 2 * nUsed! &&
      (bias === undefined || (bias.shape[0] === nExperts && colsOf(bias) === rows));
    if (!fits) {
      const choices = `x [.., cols] or [.., ${nUsed} * cols], chosen [.., 2 * ${nUsed}]`;
      mismatch('matmul_experts', `w [nExperts, rows, cols], ${choices}, bias [nExperts, rows]`, inputs);
    }
    return { rows: x!.rows!, cols: nUsed! * rows! };
  },
  quantInput: 0,
  maxInputs: 4,
  scalars: [
    { name: 'nExperts', type: 'u32', of: (node) => node.inputs[0]!.shape[0]! },
    { name: 'rows', type: 'u32', of: (node) => node.inputs[0]!.shape[1]! },
    inputCols('cols', 0),
    inputCols('xCols', 1),
    param('nUsed', 'u32'),
  ],

  reference({ out, inputs: [w, x, chosen, bias], node, step }) {
    const { nUsed } = node.params as { nUsed: number };
    const [, rows, cols] = node.inputs[0]!.shape as [number, number, number];
    const xCols = colsOf(node.inputs[1]!);
    for (let t = 0; t < rowsOf(node.out.rows!, step); t++) {
      for (let j = 0; j < nUsed; j++) {
        const expert = chosen![t * 2 * nUsed + j]!;
        const from = t * xCols + (xCols === cols ? 0 : j * cols);
        for (let r = 0; r < rows; r++) {
          const at = (expert * rows + r) * cols;
          let sum = bias ? bias[expert * rows + r]! : 0;
          for (let k = 0; k < cols; k++) sum += w![at + k]! * x![from + k]!;
          out[(t * nUsed + j) * rows + r] = sum;
        }
      }
    }
  },

  /** As if no two rows chose the same expert until all are chosen; their weights are not read. */
  cost(node, step) {
    const [w, x, chosen, bias] = node.inputs;
    const [nExperts, rows, cols] = w!.shape as [number, number, number];
    const nRead = Math.min(nExperts, rowsOf(node.out.rows!, step) * node.params['nUsed']!);
    const weightBytes = bytesOf(w!, nRead * rows * cols) + (bias ? 4 * nRead * rows : 0);
    const others = operandBytes(node.out, step) + operandBytes(x!, step) + operandBytes(chosen!, step) / 2;
    return { flops: outputsOf(node, step) * (2 * cols + (bias ? 1 : 0)), bytes: weightBytes + others };
  },
};
