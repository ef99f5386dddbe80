import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';

/** One row for a step's rows: their mean, or the first where `mean` is 0 (BERT's [CLS]). `nLogits` of the step is 1. */
export const pool: Op = {
  name: 'pool',
  shape(inputs) {
    if (inputs[0]!.rows !== 'tokens') mismatch('pool', 'x [nTokens, cols]', inputs);
    return { rows: 'logits', cols: colsOf(inputs[0]!) };
  },
  scalars: [inputCols('cols', 0), param('mean', 'u32')],

  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    const nRows = node.params['mean'] ? rowsOf('tokens', step) : 1;
    for (let i = 0; i < cols * rowsOf('logits', step); i++) {
      let sum = 0;
      for (let row = 0; row < nRows; row++) sum += x![row * cols + i]!;
      out[i] = sum / nRows;
    }
  },

  cost({ out, inputs: [x], params }, step) {
    const bytes = params['mean'] ? operandBytes(x!, step) : operandBytes(out, step);
    return { flops: params['mean'] ? bytes / 4 : 0, bytes: bytes + operandBytes(out, step) };
  },
};
