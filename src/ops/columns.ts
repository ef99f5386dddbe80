import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';

/**
 * Some columns of each row: `x[.., cols]` → `[.., nCols]`, those from `first` on; or, where groups of columns such as heads lie side by side,
 * of each group: `[.., n * groupCols]` → `[.., n * nCols]`. Of a state, its first rows: one for each token.
 */
export const columns: Op = {
  name: 'columns',
  shape(inputs, { first, nCols, groupCols }) {
    const [x] = inputs;
    const nGroups = colsOf(x!) / groupCols!;
    const fits = first! + nCols! <= groupCols! && Number.isInteger(nGroups);
    if (!fits)
      mismatch('columns', `x with groups of ${groupCols}, and in them columns ${first} to ${first! + nCols!}`, inputs);
    return { rows: x!.rows ?? 'tokens', cols: nGroups * nCols! };
  },
  scalars: [inputCols('cols', 0), param('first', 'u32'), param('nCols', 'u32'), param('groupCols', 'u32')],

  reference({ out, inputs: [x], node, step }) {
    const { first, nCols, groupCols } = node.params as Record<'first' | 'nCols' | 'groupCols', number>;
    const nGroups = (rowsOf(node.out.rows!, step) * colsOf(node.out)) / nCols;
    for (let g = 0; g < nGroups; g++) {
      const begin = g * groupCols + first;
      out.set(x!.subarray(begin, begin + nCols), g * nCols);
    }
  },

  cost: (node, step) => ({ flops: 0, bytes: 2 * operandBytes(node.out, step) }),
};
