import { gatings, type Gating } from '../../src/graph/routing.ts';
import { route } from '../../src/ops/route.ts';
import type { OpCase, OpCases } from './op_case.ts';

interface Shape {
  readonly nExperts: number;
  readonly nUsed: number;
  readonly norm?: boolean;
  readonly scale?: number;
  readonly hasBias?: boolean;
}

const of = (gating: Gating, nTokens: number, { nExperts, nUsed, norm = false, scale = 1, hasBias }: Shape): OpCase => ({
  name: `${nUsed} of ${nExperts} experts, ${gating}${norm ? ', normed' : ''}${hasBias ? ', with a bias' : ''} × ${nTokens} tokens`,
  op: route,
  inputs: [
    { role: 'activation', cols: nExperts, size: 4 },
    ...(hasBias ? [{ role: 'vector', cols: nExperts, size: 0.5 } as const] : []),
  ],
  params: { nUsed, gating: gatings.indexOf(gating), norm: norm ? 1 : 0, scale },
  nTokens,
  tolerance: 1e-6,
  flops: 4 * nTokens * nExperts,
});

export const routeCases: OpCases = {
  odd: gatings.flatMap((gating) => [
    of(gating, 1, { nExperts: 1, nUsed: 1 }),
    of(gating, 7, { nExperts: 13, nUsed: 3, norm: true, scale: 2.5 }),
    of(gating, 3, { nExperts: 33, nUsed: 4, hasBias: true }),
    of(gating, 2, { nExperts: 6, nUsed: 6, norm: true }),
  ]),
  timed: [1, 128].map((nTokens) => ({
    ...of('softmax', nTokens, { nExperts: 128, nUsed: 8, norm: true }),
    name: nTokens === 1 ? 'decode' : `prefill ${nTokens}`,
    copies: 16,
  })),
};
