import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/**
 * The gated activation of Gemma's feed-forward blocks (Shazeer 2020, arXiv:2002.05202): `gelu(gate) * up`, with GELU in its tanh form
 * (Hendrycks & Gimpel 2016, arXiv:1606.08415).
 */
export const geglu: Op = {
  name: 'geglu',
  shape(inputs) {
    const [gate, up] = inputs;
    if (colsOf(gate!) !== colsOf(up!) || gate!.rows !== up!.rows) mismatch('geglu', 'gate and up of one shape', inputs);
    return { rows: gate!.rows!, cols: colsOf(gate!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [gate, up], node, step }) {
    const n = rowsOf(node.out.rows!, step) * colsOf(node.out);
    for (let i = 0; i < n; i++) out[i] = gelu(gate![i]!) * up![i]!;
  },

  cost: (node, step) => ({ flops: 9 * outputsOf(node, step), bytes: allBytes(node, step) }),
};

/** `x (1 + tanh u) / 2` with `u = √(2/π) (x + 0.044715 x³)`, which is `x / (1 + e⁻²ᵘ)`. */
export function gelu(x: number): number {
  const u = Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x);
  return x / (1 + exp(-2 * u));
}
