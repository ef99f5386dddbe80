import { rope } from '../../src/ops/rope.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, nHeads: number, headDim: number, ropeDim: number, neox: 0 | 1, pos = 0): OpCase => ({
  name: `${nTokens} tokens from ${pos}, ${nHeads} heads of ${headDim}, ${ropeDim} turned as ${neox ? 'halves' : 'neighbours'}`,
  op: rope,
  inputs: [
    { role: 'activation', cols: nHeads * headDim },
    { role: 'activation', cols: ropeDim },
  ],
  params: { headDim, neox },
  nTokens,
  pos,
  tolerance: 2e-7,
  flops: 6 * nTokens * nHeads * (ropeDim / 2), // four products and two sums a pair
});

const { dim, headDim } = sizes;

export const ropeCases: OpCases = {
  odd: [0 as const, 1 as const].flatMap((neox) => [
    of(1, 1, 8, 8, neox),
    of(1, 9, 64, 64, neox, 17),
    of(5, 3, 64, 20, neox, 3), // the rest of each head passes through
    of(3, 2, 12, 6, neox),
    of(2, 2, 6, 2, neox, 1),
    of(4, 4, 128, 128, neox, 100),
  ]),
  timed: [1, 128].map((n) => ({ ...of(n, dim / headDim, headDim, headDim, 0), name: timedName(n), copies: 16 })),
};
