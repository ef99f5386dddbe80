import { matchSize } from '../../src/ops/match_size.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 1): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size}`,
  op: matchSize,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 1e-6,
  flops: 5 * nTokens * cols, // two squares, two sums, a product
});

export const matchSizeCases: OpCases = {
  odd: [of(1, 1), of(5, 13), of(3, 577, 100), of(2, 64, 1e-3)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
