import { scaleExperts } from '../../src/ops/scale_experts.ts';
import { choicesOf } from './choices.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, nUsed: number, hasBias = false): OpCase => ({
  name: `${nUsed} of [${nTokens}, ${cols}]${hasBias ? ', with a bias' : ''}`,
  op: scaleExperts,
  inputs: [
    { role: 'activation', cols: nUsed * cols },
    choicesOf(nUsed + 3, nUsed),
    { role: 'vector', cols: nUsed + 3 },
    ...(hasBias ? [{ role: 'constant', rows: nUsed + 3, cols } as const] : []),
  ],
  params: { nUsed },
  nTokens,
  tolerance: 2e-7,
  flops: (hasBias ? 2 : 1) * nUsed * nTokens * cols,
});

export const scaleExpertsCases: OpCases = {
  odd: [of(1, 1, 1), of(5, 13, 4), of(9, 22, 3, true), of(1, 577, 2, true)],
  timed: [1, 128].map((nTokens) => ({ ...of(nTokens, sizes.dim, 4), name: timedName(nTokens), copies: 16 })),
};
