import { layerNorm } from '../../src/ops/layer_norm.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, cols: number, size = 1, hasBias = true): OpCase => ({
  name: `[${nTokens}, ${cols}], numbers to ±${size}${hasBias ? ', with a bias' : ''}`,
  op: layerNorm,
  inputs: [
    { role: 'activation', cols, size },
    { role: 'vector', cols },
    ...(hasBias ? [{ role: 'vector', cols } as const] : []),
  ],
  params: { eps: 1e-12 },
  nTokens,
  tolerance: 1e-6,
  flops: (hasBias ? 8 : 7) * nTokens * cols,
});

export const layerNormCases: OpCases = {
  odd: [of(1, 7), of(5, 64, 1, false), of(3, 577), of(2, 2048), of(7, 39, 1e-4), of(3, 64, 1000)],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim), name: timedName(n), copies: 16 })),
};
