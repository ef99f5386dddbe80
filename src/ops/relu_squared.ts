import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, outputsOf, rowsOf } from './op.ts';

/** The activation of a feed-forward block without a gate (So et al. 2021, arXiv:2109.08668): `max(0, x)²`. */
export const reluSquared: Op = {
  name: 'relu_squared',
  shape: ([x]) => ({ rows: x!.rows!, cols: colsOf(x!) }),
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x], node, step }) {
    for (let i = 0; i < rowsOf(node.out.rows!, step) * colsOf(node.out); i++) out[i] = x![i]! < 0 ? 0 : x![i]! ** 2; // a NaN stays one
  },

  cost: (node, step) => ({ flops: 2 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
