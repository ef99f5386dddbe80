import { swiglu } from '../../src/ops/swiglu.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 8): OpCase => ({
  name: `[${nTokens}, ${cols}], gates to ±${size}`,
  op: swiglu,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 3e-7,
  flops: 4 * nTokens * cols, // exponential, sum, quotient, product
});

// At ±200 e^-gate leaves the range of float32 on both sides.
export const swigluCases: OpCases = {
  odd: [of(1, 1), of(1, 5), of(7, 13), of(3, 64), of(2, 1537), of(1, 63, 200), of(9, 8192)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.ffnDim), name: timedName(n), copies: 16 })),
};
