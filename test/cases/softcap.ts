import { softcap } from '../../src/ops/softcap.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, cap: number, size: number): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size} capped at ${cap}`,
  op: softcap,
  inputs: [{ role: 'activation', cols, size }],
  params: { cap },
  nTokens,
  tolerance: 3e-7,
  flops: 6 * nTokens * cols, // quotient, exponential, sum, difference, quotient, product
});

export const softcapCases: OpCases = {
  odd: [
    of(1, 1, 30, 60),
    of(1, 7, 30, 60),
    of(5, 13, 0.5, 1),
    of(3, 577, 50, 1e-3),
    of(2, 64, 30, 1e5),
    of(1, 33, 30, 19),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 30, 60), name: timedName(n), copies: 16 })),
};
