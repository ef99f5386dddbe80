import { gelu } from '../../src/ops/gelu.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 4): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size}`,
  op: gelu,
  inputs: [{ role: 'activation', cols, size }],
  nTokens,
  tolerance: 1e-6,
  flops: 8 * nTokens * cols, // cubic (4), exponential, sum, quotient, and the factor
});

export const geluCases: OpCases = {
  odd: [of(1, 1), of(1, 5), of(7, 13), of(2, 1537), of(1, 63, 200), of(1, 40, 1e-3)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.ffnDim), name: timedName(n), copies: 16 })),
};
