import { pool, poolKinds } from '../../src/ops/pool.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, kind: (typeof poolKinds)[number]): OpCase => ({
  name: `${kind} of [${nTokens}, ${cols}]`,
  op: pool,
  inputs: [{ role: 'activation', cols }],
  params: { which: poolKinds.indexOf(kind) },
  nTokens,
  nLogits: 1,
  tolerance: 1e-6,
  flops: kind === 'mean' ? nTokens * cols : 0,
});

export const poolCases: OpCases = {
  odd: [
    of(1, 1, 'mean'),
    of(5, 13, 'mean'),
    of(5, 13, 'cls'),
    of(5, 13, 'last'),
    of(33, 577, 'mean'),
    of(300, 64, 'mean'),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 'mean'), name: timedName(n), copies: 16 })),
};
