import { geglu } from '../../src/ops/geglu.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 4): OpCase => ({
  name: `[${nTokens}, ${cols}], gates to ±${size}`,
  op: geglu,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 1e-6,
  flops: 9 * nTokens * cols, // cubic (4), exponential, sum, quotient, product, and the factor
});

// At ±200 e^-2u leaves the range of float32 on both sides.
export const gegluCases: OpCases = {
  odd: [of(1, 1), of(1, 5), of(7, 13), of(3, 64), of(2, 1537), of(1, 63, 200), of(9, 8192), of(1, 40, 1e-3)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.ffnDim), name: timedName(n), copies: 16 })),
};
