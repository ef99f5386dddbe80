import { multiply } from '../../src/ops/multiply.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number): OpCase => ({
  name: `[${nTokens}, ${cols}]`,
  op: multiply,
  inputs: [
    { role: 'activation', cols },
    { role: 'vector', cols },
  ],
  nTokens,
  tolerance: 1e-7,
  flops: nTokens * cols,
});

export const multiplyCases: OpCases = {
  odd: [of(1, 1), of(5, 13), of(3, 577), of(2, 64)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
