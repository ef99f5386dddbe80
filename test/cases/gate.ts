import { gate } from '../../src/ops/gate.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, gateCols = cols, size = 4): OpCase => ({
  name: `[${nTokens}, ${cols}] by ${gateCols} columns of gates to ±${size}`,
  op: gate,
  inputs: [
    { role: 'activation', cols },
    { role: 'activation', cols: gateCols, size },
  ],
  nTokens,
  tolerance: 5e-7,
  flops: 3 * nTokens * cols,
});

export const gateCases: OpCases = {
  odd: [of(1, 1), of(1, 7), of(5, 13), of(5, 13, 1), of(3, 577), of(2, 64, 1), of(2, 64, 64, 200)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
