import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, outputsOf, rowsOf } from './op.ts';

/** GELU in its tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415): the activation of BERT's feed-forward blocks. */
export const gelu: Op = {
  name: 'gelu',
  shape: ([x]) => ({ rows: x!.rows!, cols: colsOf(x!) }),
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x], node, step }) {
    const n = rowsOf(node.out.rows!, step) * colsOf(node.out);
    for (let i = 0; i < n; i++) out[i] = geluOf(x![i]!);
  },

  cost: (node, step) => ({ flops: 8 * outputsOf(node, step), bytes: allBytes(node, step) }),
};

/** `x (1 + tanh u) / 2` with `u = √(2/π) (x + 0.044715 x³)`, which is `x / (1 + e⁻²ᵘ)`. */
export function geluOf(x: number): number {
  const u = Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x);
  return x / (1 + exp(-2 * u));
}
