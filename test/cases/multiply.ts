import { multiply } from '../../src/ops/multiply.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, role: 'vector' | 'activation' = 'vector'): OpCase => ({
  name: `[${nTokens}, ${cols}]${role === 'activation' ? ', row by row' : ''}`,
  op: multiply,
  inputs: [
    { role: 'activation', cols },
    { role, cols },
  ],
  nTokens,
  tolerance: 1e-7,
  flops: nTokens * cols,
});

export const multiplyCases: OpCases = {
  odd: [of(1, 1), of(5, 13), of(3, 577), of(2, 64), of(5, 13, 'activation'), of(3, 64, 'activation')],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
