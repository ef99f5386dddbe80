import { sparsify } from '../../src/ops/sparsify.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, deviations: number, size = 1): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size}, ${deviations} deviations`,
  op: sparsify,
  inputs: [{ role: 'activation', cols, size }],
  params: { deviations },
  nTokens,
  tolerance: 3e-6, // a small difference of larger numbers
  flops: 6 * nTokens * cols,
});

export const sparsifyCases: OpCases = {
  odd: [of(1, 2, 0.5), of(5, 13, 1), of(3, 577, 1.5, 8), of(2, 64, 1.2, 1e-3)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.ffnDim, 1.5), name: timedName(n), copies: 16 })),
};
