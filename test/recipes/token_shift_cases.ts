import type { OpCase, OpCases } from '../cases/op_case.ts';
import { tokenShift } from './token_shift.ts';

const of = (nTokens: number, cols: number, pos = 0): OpCase => ({
  name: `${nTokens} tokens from ${pos}, ${cols} columns`,
  op: tokenShift,
  inputs: [
    { role: 'activation', cols },
    { role: 'vector', cols },
    { role: 'state', rows: 1, cols },
  ],
  nTokens,
  pos,
  tolerance: 5e-7,
  flops: 3 * nTokens * cols,
});

export const tokenShiftCases: OpCases = {
  odd: [of(1, 1), of(1, 7), of(2, 33, 9), of(5, 64), of(37, 576, 2)],
  timed: [],
};
