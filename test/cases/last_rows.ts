import { lastRows } from '../../src/ops/last_rows.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, nLogits: number, cols: number): OpCase => ({
  name: `the last ${nLogits} of ${nTokens} rows of ${cols}`,
  op: lastRows,
  inputs: [{ role: 'activation', cols }],
  nTokens,
  nLogits,
  tolerance: 0,
  flops: 0,
});

export const lastRowsCases: OpCases = {
  odd: [of(1, 1, 5), of(7, 1, 33), of(7, 3, 64), of(5, 5, 2), of(4, 0, 8)],
  timed: [{ ...of(128, 128, sizes.dim), name: timedName(128), copies: 16 }],
};
