import { colsOf, inputCols, type Op } from './op.ts';

/** Gathers one row of the token table per token: `table[nVocab, dim]` → `[nTokens, dim]`. */
export const embed: Op = {
  shape: ([table]) => ({ rows: 'tokens', cols: colsOf(table!) }),
  quantInput: 0,
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [table], node, step }) {
    const cols = colsOf(node.out);
    for (const [t, token] of step.tokens.entries()) {
      out.set(table!.subarray(token * cols, (token + 1) * cols), t * cols);
    }
  },
};
