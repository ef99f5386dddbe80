import { add } from '../../src/ops/add.ts';
import type { OpCase } from './op_case.ts';

const of = (nTokens: number, cols: number): OpCase => ({
  name: `[${nTokens}, ${cols}]`,
  op: add,
  inputs: [
    { role: 'activation', cols },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 0,
});

export const addCases: OpCase[] = [of(1, 1), of(1, 3), of(5, 7), of(3, 64), of(2, 2049), of(37, 576)];
