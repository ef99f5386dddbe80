import { rmsNorm } from '../../src/ops/rms_norm.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, groupCols = cols, size = 1): OpCase => ({
  name: `[${nTokens}, ${cols}] in groups of ${groupCols}, numbers to ±${size}`,
  op: rmsNorm,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'vector', cols: groupCols },
  ],
  params: { eps: 1e-5 },
  nTokens,
  tolerance: 5e-7,
  flops: 4 * nTokens * cols, // square, sum, scale, weight
});

export const rmsNormCases: OpCases = {
  odd: [
    of(1, 1),
    of(1, 7),
    of(5, 64),
    of(3, 577),
    of(2, 2048),
    of(7, 96, 8), // heads, as in a query norm
    of(4, 39, 13),
    of(3, 64, 64, 1e-4), // eps dominates
    of(3, 64, 64, 1000),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
