import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, rowsOf } from './op.ts';

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
    out.set(table!.subarray(step.pos * cols, (step.pos + rowsOf('tokens', step)) * cols));
  },

  cost: (node, step) => ({ flops: 0, bytes: 2 * operandBytes(node.out, step) }),
};
