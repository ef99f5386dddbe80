import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, param, rowsOf } from './op.ts';

/** gpt-oss's gate (OpenAI 2025, arXiv:2508.10925): `g / (1 + e^(-alpha g)) · (u + 1)`, with `g = min(gate, limit)` and u, up within ± limit. */
export const swigluClamped: Op = {
  name: 'swiglu_clamped',
  shape(inputs) {
    const [gate, up] = inputs;
    if (colsOf(gate!) !== colsOf(up!) || gate!.rows !== up!.rows)
      mismatch('swiglu_clamped', 'gate and up of one shape', inputs);
    return { rows: gate!.rows!, cols: colsOf(gate!) };
  },
  scalars: [inputCols('cols', 0), param('limit', 'f32'), param('alpha', 'f32')],

  reference({ out, inputs: [gate, up], node, step }) {
    const { limit, alpha } = node.params as { limit: number; alpha: number };
    for (let i = 0; i < rowsOf(node.out.rows!, step) * colsOf(node.out); i++) {
      const g = Math.min(gate![i]!, limit); // Math.min and Math.max hand a NaN on
      const u = Math.max(-limit, Math.min(up![i]!, limit));
      out[i] = (g / (1 + exp(-alpha * g))) * (u + 1);
    }
  },

  cost: (node, step) => ({ flops: 9 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
