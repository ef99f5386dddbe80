import { addScaled } from '../../src/ops/add_scaled.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, by: number): OpCase => ({
  name: `[${nTokens}, ${cols}] plus a row times ${by}`,
  op: addScaled,
  inputs: [
    { role: 'activation', cols },
    { role: 'vector', cols },
  ],
  params: { by },
  nTokens,
  tolerance: 2e-7,
  flops: 2 * nTokens * cols,
});

export const addScaledCases: OpCases = {
  odd: [of(1, 1, 3), of(1, 7, -0.3), of(5, 13, 48), of(3, 577, 0.22), of(1, 5, 2), of(6, 39, 0.7), of(2, 64, -8)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 0.22), name: timedName(n), copies: 16 })),
};
