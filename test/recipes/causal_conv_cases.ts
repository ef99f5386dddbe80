import type { OpCase, OpCases } from '../cases/op_case.ts';
import { causalConv } from './causal_conv.ts';

const of = (nTokens: number, cols: number, nTaps: number, quant = 'f32', pos = 0): OpCase => ({
  name: `${nTokens} tokens from ${pos}, ${nTaps} taps of ${cols} columns, ${quant}`,
  op: causalConv,
  inputs: [
    { role: 'activation', cols },
    { role: 'matrix', rows: cols, cols: nTaps, quant },
    { role: 'state', rows: nTaps - 1, cols },
  ],
  nTokens,
  pos,
  tolerance: 5e-7,
  flops: 2 * nTaps * nTokens * cols,
});

export const causalConvCases: OpCases = {
  odd: [of(1, 1, 2), of(1, 7, 3), of(2, 33, 4, 'f16', 9), of(5, 64, 4, 'bf16'), of(37, 576, 3, 'f32', 2)],
  timed: [],
};
