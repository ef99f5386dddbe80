import type { Op } from '../../src/graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, operandBytes, outputsOf } from '../../src/ops/op.ts';

/**
 * A token shift, as RWKV has it (Peng et al. 2023, arXiv:2305.13048): each column takes in a share of the row before,
 * `out[t, c] = x[t, c] + share[c] · (x[t - 1, c] - x[t, c])`. The row before the step is in a state, `last[1, cols]`, which the step
 * replaces by its own last row.
 */
export const tokenShift: Op = {
  name: 'token_shift',
  shape(inputs) {
    const [x, share, last] = inputs;
    const cols = colsOf(x!);
    const fits = x!.rows === 'tokens' && colsOf(share!) === cols && colsOf(last!) === cols && last!.shape[0] === 1;
    if (!fits) mismatch('token_shift', 'x [nTokens, cols], share [cols], last [1, cols]', inputs);
    return { rows: 'tokens', cols };
  },
  changes: [2],
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x, share, last], node, step }) {
    const cols = colsOf(node.out);
    for (let t = 0; t < step.tokens.length; t++) {
      for (let c = 0; c < cols; c++) {
        const now = x![t * cols + c]!;
        out[t * cols + c] = now + share![c]! * (last![c]! - now);
        last![c] = now;
      }
    }
  },

  cost(node, step) {
    return { flops: 3 * outputsOf(node, step), bytes: allBytes(node, step) + operandBytes(node.inputs[2]!, step) };
  },
};
