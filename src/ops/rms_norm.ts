import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, held, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/**
 * Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467), applied to groups as long as the weight:
 * the whole row for a block norm, each head for a query or key norm.
 * `out = x / sqrt(mean(x²) + eps) * weight`
 */
export const rmsNorm: Op = {
  name: 'rms_norm',
  shape(inputs) {
    const [x, weight] = inputs;
    const cols = colsOf(x!);
    if (cols % colsOf(weight!) !== 0) mismatch('rms_norm', 'x [.., n * cols], weight [cols]', inputs);
    return { rows: x!.rows!, cols };
  },
  scalars: [inputCols('cols', 0), inputCols('groupCols', 1), param('eps', 'f32')],

  reference({ out, inputs: [x, weight], node, step }) {
    const groupCols = colsOf(node.inputs[1]!);
    const nGroups = (rowsOf(node.out.rows!, step) * colsOf(node.out)) / groupCols;
    for (let g = 0; g < nGroups; g++) {
      let sum = 0;
      for (let i = 0; i < groupCols; i++) sum += x![g * groupCols + i]! ** 2;
      const scale = 1 / Math.sqrt(held(sum) / groupCols + node.params['eps']!);
      for (let i = 0; i < groupCols; i++) out[g * groupCols + i] = x![g * groupCols + i]! * scale * weight![i]!;
    }
  },

  /** Square, add, scale, weight. */
  cost: (node, step) => ({ flops: 4 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
