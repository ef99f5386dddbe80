import { colsOf, inputCols, mismatch, type Op } from './op.ts';

/** Keeps the last `nLogits` rows of a step, so that logits are computed only where they are asked for. */
export const lastRows: Op = {
  shape(inputs) {
    if (inputs[0]!.rows !== 'tokens') mismatch('last_rows', 'x [nTokens, cols]', inputs);
    return { rows: 'logits', cols: colsOf(inputs[0]!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    const nTokens = step.tokens.length;
    out.set(x!.subarray((nTokens - step.nLogits) * cols, nTokens * cols));
  },
};
