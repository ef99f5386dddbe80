import { columns } from '../../src/ops/columns.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (
  nTokens: number,
  cols: number,
  first: number,
  nCols: number,
  role: 'activation' | 'state' = 'activation',
  groupCols = cols,
): OpCase => ({
  name: `${nCols} of [${nTokens}, ${cols}] from ${first}${role === 'state' ? ', a state' : ''}${groupCols < cols ? `, in groups of ${groupCols}` : ''}`,
  op: columns,
  inputs: [role === 'state' ? { role, rows: nTokens + 3, cols } : { role, cols }],
  params: { first, nCols, groupCols },
  nTokens,
  tolerance: 0,
  flops: 0,
});

export const columnsCases: OpCases = {
  odd: [
    of(1, 1, 0, 1),
    of(5, 13, 3, 7),
    of(3, 64, 63, 1),
    of(7, 577, 0, 577),
    of(4, 24, 8, 8, 'state'),
    of(3, 35, 2, 3, 'activation', 7),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 256, 256), name: timedName(n), copies: 16 })),
};
