import { positionRows } from '../../src/ops/position_rows.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, pos = 0): OpCase => ({
  name: `${nTokens} rows of ${cols} columns from ${pos}`,
  op: positionRows,
  inputs: [{ role: 'constant', cols }],
  nTokens,
  pos,
  tolerance: 0,
  flops: 0,
});

export const positionRowsCases: OpCases = {
  odd: [of(1, 1), of(5, 13), of(3, 64, 17), of(33, 577, 4)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
