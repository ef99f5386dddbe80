import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes } from './op.ts';

/** Keeps the last `nLogits` rows of a step, so that logits are computed only where they are asked for. */
export const lastRows: Op = {
  name: 'last_rows',
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

  cost: (node, step) => ({ flops: 0, bytes: 2 * operandBytes(node.out, step) }),
};
