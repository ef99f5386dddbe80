import { reluSquared } from '../../src/ops/relu_squared.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 4): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size}`,
  op: reluSquared,
  inputs: [{ role: 'activation', cols, size }],
  nTokens,
  tolerance: 1e-7,
  flops: 2 * nTokens * cols,
});

export const reluSquaredCases: OpCases = {
  odd: [of(1, 1), of(1, 5), of(7, 13), of(2, 1537), of(1, 63, 1e30)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.ffnDim), name: timedName(n), copies: 16 })),
};
