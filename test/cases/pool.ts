import { pool } from '../../src/ops/pool.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, mean: 0 | 1): OpCase => ({
  name: `${mean ? 'mean' : 'first'} of [${nTokens}, ${cols}]`,
  op: pool,
  inputs: [{ role: 'activation', cols }],
  params: { mean },
  nTokens,
  nLogits: 1,
  tolerance: 1e-6,
  flops: mean * nTokens * cols,
});

export const poolCases: OpCases = {
  odd: [of(1, 1, 1), of(5, 13, 1), of(5, 13, 0), of(33, 577, 1), of(300, 64, 1)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 1), name: timedName(n), copies: 16 })),
};
