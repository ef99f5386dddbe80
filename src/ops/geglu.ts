import type { Op } from '../graph/graph.ts';
import { geluOf } from './gelu.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/**
 * The gated activation of Gemma's feed-forward blocks (Shazeer 2020, arXiv:2002.05202): `gelu(gate) * up`.
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
    for (let i = 0; i < n; i++) out[i] = geluOf(gate![i]!) * up![i]!;
  },

  cost: (node, step) => ({ flops: 9 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
