import { deltaNet } from '../../src/ops/delta_net.ts';
import { timedName, type OpCase, type OpCases } from './op_case.ts';

/** Sizes of alpha, and of the numbers that its gate begins with. */
interface Gating {
  readonly alpha?: number;
  readonly a?: number;
}

const of = (nTokens: number, nHeads: number, nKeyHeads: number, headDim: number, gating: Gating = {}): OpCase => {
  const { alpha = 4, a = 1 } = gating;
  const keys = { role: 'activation', cols: nKeyHeads * headDim, size: Math.sqrt(3 / headDim) } as const; // of length 1
  const eachHead = { role: 'vector', cols: nHeads } as const;
  return {
    name: `${nTokens} tokens, ${nHeads} heads of ${headDim}, ${nKeyHeads} of keys, alpha to ±${alpha}, a to ±${a}`,
    op: deltaNet,
    inputs: [
      keys,
      keys,
      { role: 'activation', cols: nHeads * headDim, size: 2 },
      { role: 'activation', cols: nHeads, size: alpha },
      { role: 'activation', cols: nHeads, size: 3 },
      { ...eachHead, size: a },
      eachHead,
      { role: 'state', rows: nHeads * headDim, cols: headDim },
    ],
    params: { headDim },
    nTokens,
    tolerance: 5e-6,
    flops: 7 * nHeads * headDim * headDim * nTokens,
  };
};

export const deltaNetCases: OpCases = {
  odd: [
    of(1, 1, 1, 1),
    of(1, 2, 1, 16),
    of(2, 6, 3, 7),
    of(5, 4, 2, 33),
    of(9, 3, 3, 32),
    of(4, 2, 2, 64, { alpha: 30, a: 10 }), // what is left of a state ranges from nothing to all of it
    of(37, 2, 1, 20, { alpha: 0.1, a: 1e-3 }),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, 16, 16, 128), name: timedName(n), copies: 16 })), // Qwen 3.5 0.8B
};
