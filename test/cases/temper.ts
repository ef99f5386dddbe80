import { temper } from '../../src/ops/temper.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, pos: number, every: number, nFactors: number): OpCase => ({
  name: `[${nTokens}, ${cols}] from ${pos}, ${nFactors} factors for ${every} positions each`,
  op: temper,
  inputs: [
    { role: 'activation', cols },
    { role: 'constant', rows: 1, cols: nFactors },
  ],
  params: { every },
  nTokens,
  pos,
  tolerance: 1e-7,
  flops: nTokens * cols,
});

export const temperCases: OpCases = {
  odd: [of(1, 1, 0, 1, 1), of(1, 7, 31, 16, 4), of(9, 13, 12, 4, 9), of(3, 577, 100, 8, 2), of(5, 64, 14, 16, 2)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 4000, 1024, 4), name: timedName(n), copies: 16 })),
};
