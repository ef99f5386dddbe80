import { ropeAngles } from '../../src/ops/rope_angles.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, nPairs: number, pos = 0, size = 1): OpCase => ({
  name: `${nTokens} tokens from ${pos}, ${nPairs} pairs, turns to ±${size}`,
  op: ropeAngles,
  inputs: [{ role: 'constant', rows: 3, cols: nPairs + 1, size }],
  nTokens,
  pos,
  tolerance: 0, // the same float64 arithmetic
  flops: 40 * nTokens * 2 * nPairs, // reducing an angle, and two series of which one counts
});

export const ropeAnglesCases: OpCases = {
  odd: [
    of(1, 1),
    of(1, 32, 17),
    of(5, 10, 3, 4),
    of(3, 7, 1000, 1e-3),
    of(33, 64, 4095),
    of(2, 24, 2 ** 24 - 2, 4), // up to 2^28 / 1.3
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.headDim / 2), name: timedName(n), copies: 16 })),
};
