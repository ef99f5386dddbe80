import { swiglu } from '../../src/ops/swiglu.ts';
import type { OpCase } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 8): OpCase => ({
  name: `[${nTokens}, ${cols}], gates to ±${size}`,
  op: swiglu,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'activation', cols },
  ],
  nTokens,
  tolerance: 3e-7,
});

// At ±200 e^-gate leaves the range of float32 on both sides.
export const swigluCases: OpCase[] = [
  of(1, 1),
  of(1, 5),
  of(7, 13),
  of(3, 64),
  of(2, 1537),
  of(1, 63, 200),
  of(9, 8192),
];
