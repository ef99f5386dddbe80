import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';

/** Some columns of each row: `x[.., cols]` → `[.., nCols]`, those from `first` on. Of a state, its first rows: one for each token. */
export const columns: Op = {
  name: 'columns',
  shape(inputs, { first, nCols }) {
    const [x] = inputs;
    if (first! + nCols! > colsOf(x!)) mismatch('columns', `x with columns ${first} to ${first! + nCols!}`, inputs);
    return { rows: x!.rows ?? 'tokens', cols: nCols! };
  },
  scalars: [inputCols('cols', 0), param('first', 'u32'), param('nCols', 'u32')],

  reference({ out, inputs: [x], node, step }) {
    const { first, nCols } = node.params as { first: number; nCols: number };
    for (let t = 0; t < rowsOf(node.out.rows!, step); t++) {
      const begin = t * colsOf(node.inputs[0]!) + first;
      out.set(x!.subarray(begin, begin + nCols), t * nCols);
    }
  },

  cost: (node, step) => ({ flops: 0, bytes: 2 * operandBytes(node.out, step) }),
};
