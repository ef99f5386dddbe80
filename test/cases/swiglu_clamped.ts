import { swigluClamped } from '../../src/ops/swiglu_clamped.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number): OpCase => ({
  name: `[${nTokens}, ${cols}]`,
  op: swigluClamped,
  inputs: [
    { role: 'activation', cols, size: 20 },
    { role: 'activation', cols, size: 20 },
  ],
  params: { limit: 7, alpha: 1.702 },
  nTokens,
  tolerance: 1e-6,
  flops: 9 * nTokens * cols,
});

export const swigluClampedCases: OpCases = {
  odd: [of(1, 1), of(5, 13), of(3, 577), of(2, 64)],
  timed: [1, 128].map((nTokens) => ({ ...of(nTokens, sizes.ffnDim), name: timedName(nTokens), copies: 16 })),
};
