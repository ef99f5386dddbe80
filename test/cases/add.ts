import { add } from '../../src/ops/add.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number): OpCase => ({
  name: `[${nTokens}, ${cols}]`,
  op: add,
  inputs: [
    { role: 'activation', cols },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 0,
  flops: nTokens * cols,
});

export const addCases: OpCases = {
  odd: [of(1, 1), of(1, 3), of(5, 7), of(3, 64), of(2, 2049), of(37, 576)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
