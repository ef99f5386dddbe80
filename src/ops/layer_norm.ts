import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, held, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/** Layer normalisation (Ba et al. 2016, arXiv:1607.06450): `out = (x - mean) / sqrt(variance + eps) * weight (+ bias)`, row by row. */
export const layerNorm: Op = {
  name: 'layer_norm',
  shape(inputs) {
    const [x, weight, bias] = inputs;
    const cols = colsOf(x!);
    const fits = colsOf(weight!) === cols && (!bias || colsOf(bias) === cols);
    if (!fits) mismatch('layer_norm', 'x [.., cols], weight [cols], bias [cols]', inputs);
    return { rows: x!.rows!, cols };
  },
  maxInputs: 3,
  scalars: [inputCols('cols', 0), param('eps', 'f32')],

  reference({ out, inputs: [x, weight, bias], node, step }) {
    const cols = colsOf(node.out);
    for (let row = 0; row < rowsOf(node.out.rows!, step); row++) {
      const numbers = x!.subarray(row * cols, (row + 1) * cols);
      let sum = 0;
      for (let i = 0; i < cols; i++) sum += numbers[i]!;
      const mean = sum / cols;
      let squares = 0;
      for (let i = 0; i < cols; i++) squares += (numbers[i]! - mean) ** 2;
      const scale = 1 / Math.sqrt(held(squares) / cols + node.params['eps']!);
      for (let i = 0; i < cols; i++) {
        out[row * cols + i] = (numbers[i]! - mean) * scale * weight![i]! + (bias ? bias[i]! : 0);
      }
    }
  },

  /** Sum; difference, square, sum; difference, scale, weight; and the bias. */
  cost: (node, step) => ({ flops: (node.inputs.length + 5) * outputsOf(node, step), bytes: allBytes(node, step) }),
};
