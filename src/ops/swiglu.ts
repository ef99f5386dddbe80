import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** The gated activation of the feed-forward block (Shazeer 2020, arXiv:2002.05202): `silu(gate) * up`, `silu(z) = z / (1 + e⁻ᶻ)`. */
export const swiglu: Op = {
  name: 'swiglu',
  shape(inputs) {
    const [gate, up] = inputs;
    if (colsOf(gate!) !== colsOf(up!) || gate!.rows !== up!.rows)
      mismatch('swiglu', 'gate and up of one shape', inputs);
    return { rows: gate!.rows!, cols: colsOf(gate!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [gate, up], node, step }) {
    const n = rowsOf(node.out.rows!, step) * colsOf(node.out);
    for (let i = 0; i < n; i++) out[i] = (gate![i]! / (1 + exp(-gate![i]!))) * up![i]!;
  },

  cost: (node, step) => ({ flops: 4 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
