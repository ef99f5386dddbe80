import { scale } from '../../src/ops/scale.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, by: number, hasBias = false): OpCase => ({
  name: `[${nTokens}, ${cols}] times ${by}${hasBias ? ', plus a bias' : ''}`,
  op: scale,
  inputs: [{ role: 'activation', cols }, ...(hasBias ? [{ role: 'vector', cols } as const] : [])],
  params: { by },
  nTokens,
  tolerance: 2e-7,
  flops: (hasBias ? 2 : 1) * nTokens * cols,
});

export const scaleCases: OpCases = {
  odd: [
    of(1, 1, 3),
    of(1, 7, -0.3),
    of(5, 13, 48),
    of(3, 577, 0.22),
    of(1, 5, 2, true),
    of(6, 39, 0.7, true),
    of(2, 64, 8, true),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 0.22), name: timedName(n), copies: 16 })),
};
