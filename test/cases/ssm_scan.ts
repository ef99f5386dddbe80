import { ssmScan } from '../../src/ops/ssm_scan.ts';
import { timedName, type OpCase, type OpCases } from './op_case.ts';

interface Shape {
  readonly nHeads: number;
  readonly headDim: number;
  readonly nGroups: number;
  readonly stateDim: number;
}

/** @param size of what steps are made of */
const of = (nTokens: number, { nHeads, headDim, nGroups, stateDim }: Shape, size = 4): OpCase => {
  const group = { role: 'activation', cols: nGroups * stateDim } as const;
  const eachHead = { role: 'vector', cols: nHeads } as const;
  return {
    name: `${nTokens} tokens, ${nHeads} heads of ${stateDim} x ${headDim}, ${nGroups} groups, delta to ±${size}`,
    op: ssmScan,
    inputs: [
      { role: 'activation', cols: nHeads * headDim },
      group,
      group,
      { role: 'activation', cols: nHeads, size },
      { ...eachHead, size: 0.3 }, // fades are as often above 1
      eachHead,
      eachHead,
      { role: 'state', rows: nHeads * stateDim, cols: headDim },
    ],
    params: { stateDim },
    nTokens,
    tolerance: 2e-6,
    flops: 5 * nHeads * headDim * stateDim * nTokens,
  };
};

export const ssmScanCases: OpCases = {
  odd: [
    of(1, { nHeads: 1, headDim: 1, nGroups: 1, stateDim: 1 }),
    of(1, { nHeads: 3, headDim: 16, nGroups: 1, stateDim: 8 }),
    of(2, { nHeads: 6, headDim: 7, nGroups: 3, stateDim: 13 }),
    of(5, { nHeads: 4, headDim: 33, nGroups: 2, stateDim: 16 }),
    of(3, { nHeads: 2, headDim: 64, nGroups: 1, stateDim: 128 }, 40), // what is left of a state ranges from nothing to all of it
    of(9, { nHeads: 2, headDim: 20, nGroups: 2, stateDim: 5 }, 0.1),
  ],
  // Granite 4.0 H micro
  timed: [1, 128].map((n) => ({
    ...of(n, { nHeads: 64, headDim: 64, nGroups: 1, stateDim: 128 }, 1),
    name: timedName(n),
    copies: 16,
  })),
};
