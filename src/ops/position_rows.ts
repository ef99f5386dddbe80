import { textsOf, type Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes } from './op.ts';

/** Gathers the row of each token's position: `table[nPositions, cols]` → `[nTokens, cols]` (BERT's learned positions). */
export const positionRows: Op = {
  name: 'position_rows',
  shape(inputs) {
    if (inputs[0]!.shape.length !== 2) mismatch('position_rows', 'table [nPositions, cols]', inputs);
    return { rows: 'tokens', cols: colsOf(inputs[0]!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [table], node, step }) {
    const cols = colsOf(node.out);
    for (const { first, nTokens, pos } of textsOf(step)) {
      out.set(table!.subarray(pos * cols, (pos + nTokens) * cols), first * cols);
    }
  },

  cost: (node, step) => ({ flops: 0, bytes: 2 * operandBytes(node.out, step) }),
};
