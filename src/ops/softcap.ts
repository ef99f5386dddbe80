import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, outputsOf, param, rowsOf } from './op.ts';

/** `cap * tanh(x / cap)`: numbers stay within ±cap, small ones nearly as they are (Gemma 2, arXiv:2408.00118). */
export const softcap: Op = {
  name: 'softcap',
  shape: ([x]) => ({ rows: x!.rows!, cols: colsOf(x!) }),
  scalars: [inputCols('cols', 0), param('cap', 'f32')],

  reference({ out, inputs: [x], node, step }) {
    const { cap } = node.params as { cap: number };
    const n = rowsOf(node.out.rows!, step) * colsOf(node.out);
    for (let i = 0; i < n; i++) out[i] = capped(x![i]!, cap);
  },

  cost: (node, step) => ({ flops: 6 * outputsOf(node, step), bytes: allBytes(node, step) }),
};

/** tanh z = ±(1 - e⁻²ᶻ) / (1 + e⁻²ᶻ), z without its sign. */
export function capped(x: number, cap: number): number {
  const t = exp((-2 * Math.abs(x)) / cap);
  return (Math.sign(x) * cap * (1 - t)) / (1 + t);
}
