import type { Op } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import { colsOf, inputCols, outputsOf } from './op.ts';

/** Gathers one row of the token table per token: `table[nVocab, dim]` → `[nTokens, dim]`. */
export const embed: Op = {
  name: 'embed',
  shape: ([table]) => ({ rows: 'tokens', cols: colsOf(table!) }),
  quantInput: 0,
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [table], node, step }) {
    const cols = colsOf(node.out);
    for (const [t, token] of step.tokens.entries()) {
      out.set(table!.subarray(token * cols, (token + 1) * cols), t * cols);
    }
  },

  cost(node, step) {
    const n = outputsOf(node, step);
    return { flops: 0, bytes: bytesOf(node.out, n) + bytesOf(node.inputs[0]!, n) }; // only the rows of its tokens
  },
};
