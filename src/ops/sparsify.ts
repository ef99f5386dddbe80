import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, outputsOf, param, rowsOf } from './op.ts';

/**
 * Keeps what stands out of a row: `max(0, x - (mean + deviations · σ))`, with the row's own mean and standard deviation (of n - 1). Of
 * numbers that are spread normally, 1.645 deviations leave one in twenty (You et al. 2025, arXiv:2506.06644).
 */
export const sparsify: Op = {
  name: 'sparsify',
  shape: ([x]) => ({ rows: x!.rows!, cols: colsOf(x!) }),
  scalars: [inputCols('cols', 0), param('deviations', 'f32')],

  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    for (let begin = 0; begin < rowsOf(node.out.rows!, step) * cols; begin += cols) {
      let sum = 0;
      for (let i = begin; i < begin + cols; i++) sum += x![i]!;
      const mean = sum / cols;
      let squares = 0;
      for (let i = begin; i < begin + cols; i++) squares += (x![i]! - mean) ** 2;
      const least = mean + node.params['deviations']! * Math.sqrt(squares / (cols - 1));
      for (let i = begin; i < begin + cols; i++) out[i] = Math.max(0, x![i]! - least);
    }
  },

  /** Sum; difference, square, sum; difference and what is larger. */
  cost: (node, step) => ({ flops: 6 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
