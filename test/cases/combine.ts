import { combine } from '../../src/ops/combine.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, n: number, first = 0): OpCase => ({
  name: `${n} of [${nTokens}, ${cols}], coefficients from ${first}`,
  op: combine,
  inputs: [
    { role: 'activation', cols: first + n + 1 },
    ...Array.from({ length: n }, () => ({ role: 'activation', cols }) as const),
  ],
  params: { first },
  nTokens,
  tolerance: 3e-7,
  flops: 2 * n * nTokens * cols,
});

export const combineCases: OpCases = {
  odd: [of(1, 1, 1), of(5, 13, 4, 8), of(3, 577, 2, 1), of(2, 64, 3, 12)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 4), name: timedName(n), copies: 16 })),
};
