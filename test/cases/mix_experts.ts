import { mixExperts } from '../../src/ops/mix_experts.ts';
import { choicesOf } from './choices.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, nUsed: number, hasScales = false): OpCase => ({
  name: `${nUsed} of [${nTokens}, ${cols}]${hasScales ? ', with scales' : ''}`,
  op: mixExperts,
  inputs: [
    { role: 'activation', cols: nUsed * cols },
    choicesOf(nUsed + 3, nUsed),
    ...(hasScales ? [{ role: 'vector', cols: nUsed + 3 } as const] : []),
  ],
  params: { nUsed },
  nTokens,
  tolerance: 3e-7,
  flops: 2 * nUsed * nTokens * cols,
});

export const mixExpertsCases: OpCases = {
  odd: [of(1, 1, 1), of(5, 13, 4), of(9, 22, 3, true), of(1, 577, 2, true)],
  timed: [1, 128].map((nTokens) => ({ ...of(nTokens, sizes.dim, 4), name: timedName(nTokens), copies: 16 })),
};
