import { kvTypes, type KvType } from '../../src/graph/layer_state.ts';
import { attention } from '../../src/ops/attention.ts';
import { quantByName } from '../../src/quants/index.ts';
import { sizes, timedName, type OpCase, type OpCases, type TimedCase } from './op_case.ts';

interface Shape {
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  readonly nTokens: number;
  readonly pos?: number;
  readonly window?: number;
  /** Rows of a ring. */
  readonly ring?: number;
  /** Size of the queries: large ones make the softmax pick few positions. */
  readonly size?: number;
  readonly cap?: number;
  readonly ahead?: number;
  readonly alibi?: number;
  /** Size of a sink for each head; absent: none. */
  readonly sinks?: number;
}

const of = (quant: KvType, shape: Shape): OpCase => {
  const {
    nHeads,
    nKvHeads,
    headDim,
    nTokens,
    pos = 0,
    window = 0,
    ring,
    size = 1,
    cap = 0,
    sinks = 0,
    ahead = 0,
    alibi = 0,
  } = shape;
  const cache = { role: 'state', rows: ring, cols: nKvHeads * headDim, quant } as const;
  const scores = `${cap ? `, scores to ±${cap}` : ''}${sinks ? `, sinks to ±${sinks}` : ''}`;
  const heads = `${nHeads}/${nKvHeads} heads of ${headDim}`;
  return {
    name: `${nTokens} tokens from ${pos}, ${heads}, ${quant}${window ? `, window ${window}` : ''}${ring ? ` in a ring of ${ring}` : ''}, queries to ±${size}${scores}${ahead ? `, ${ahead} ahead` : ''}${alibi ? `, alibi ${alibi}` : ''}`,
    op: attention,
    inputs: [
      { role: 'activation', cols: nHeads * headDim, size },
      cache,
      cache,
      ...(sinks ? [{ role: 'vector', cols: nHeads, size: sinks } as const] : []),
    ],
    params: { headDim, scale: headDim ** -0.5, window, cap, ahead, alibi },
    nTokens,
    pos,
    // scores grow with the queries, and their rounding errors with them; integer products round rows to 14 bits
    flops: nHeads * (4 * headDim + (cap ? 6 : 0) + (alibi ? 2 : 0)) * seen(nTokens, pos, window || Infinity, ahead), // scores, then values
    tolerance: (quant === 'q8_0' ? 2e-4 : 2e-6) * Math.max(1, size / 4),
  };
};

/** Positions seen by all tokens together. */
function seen(nTokens: number, pos: number, window: number, ahead: number): number {
  let sum = 0;
  for (let t = 0; t < nTokens; t++) sum += Math.min(window, pos + t + 1) + Math.min(ahead, nTokens - 1 - t);
  return sum;
}

const shapes: Shape[] = [
  { nHeads: 1, nKvHeads: 1, headDim: 8, nTokens: 1 },
  { nHeads: 1, nKvHeads: 1, headDim: 4, nTokens: 1, pos: 30 },
  { nHeads: 9, nKvHeads: 3, headDim: 64, nTokens: 1, pos: 70 },
  { nHeads: 4, nKvHeads: 2, headDim: 12, nTokens: 1, pos: 255 },
  { nHeads: 8, nKvHeads: 1, headDim: 20, nTokens: 1, pos: 600 },
  { nHeads: 3, nKvHeads: 3, headDim: 64, nTokens: 4, pos: 254 },
  { nHeads: 6, nKvHeads: 3, headDim: 96, nTokens: 2, pos: 513 },
  { nHeads: 14, nKvHeads: 2, headDim: 64, nTokens: 7 },
  { nHeads: 9, nKvHeads: 3, headDim: 64, nTokens: 65, pos: 3 },
  { nHeads: 4, nKvHeads: 4, headDim: 128, nTokens: 33, pos: 240, size: 20 },
  { nHeads: 4, nKvHeads: 1, headDim: 16, nTokens: 300 },
  { nHeads: 2, nKvHeads: 1, headDim: 64, nTokens: 1, pos: 700, window: 100 },
  { nHeads: 2, nKvHeads: 1, headDim: 8, nTokens: 90, pos: 250, window: 33 },
  { nHeads: 2, nKvHeads: 2, headDim: 8, nTokens: 3, pos: 510, window: 5 },
  { nHeads: 1, nKvHeads: 1, headDim: 32, nTokens: 1 },
  { nHeads: 2, nKvHeads: 2, headDim: 32, nTokens: 3, pos: 253 },
  { nHeads: 8, nKvHeads: 1, headDim: 64, nTokens: 1, pos: 600 },
  { nHeads: 4, nKvHeads: 2, headDim: 96, nTokens: 39, pos: 250, window: 33 },
  { nHeads: 2, nKvHeads: 1, headDim: 32, nTokens: 1, pos: 1000, window: 5, ring: 32 },
  { nHeads: 4, nKvHeads: 2, headDim: 32, nTokens: 3, pos: 767, window: 62, ring: 64 },
  { nHeads: 2, nKvHeads: 1, headDim: 8, nTokens: 70, pos: 1000, window: 100, ring: 192 },
  { nHeads: 2, nKvHeads: 2, headDim: 64, nTokens: 37, pos: 1200, window: 300, ring: 352 },
  { nHeads: 2, nKvHeads: 1, headDim: 12, nTokens: 1, pos: 900, window: 512, ring: 512 },
  { nHeads: 71, nKvHeads: 1, headDim: 8, nTokens: 6, pos: 9 },
  { nHeads: 4, nKvHeads: 2, headDim: 32, nTokens: 1, pos: 300, size: 20, cap: 5 },
  { nHeads: 4, nKvHeads: 1, headDim: 64, nTokens: 9, pos: 30, window: 20, cap: 0.3 },
  { nHeads: 4, nKvHeads: 2, headDim: 32, nTokens: 1, pos: 600, sinks: 3 },
  { nHeads: 6, nKvHeads: 2, headDim: 32, nTokens: 40, pos: 250, window: 33, sinks: 20, cap: 10 },
  { nHeads: 2, nKvHeads: 2, headDim: 32, nTokens: 3, ahead: 512 },
  { nHeads: 4, nKvHeads: 4, headDim: 32, nTokens: 300, ahead: 512 },
  { nHeads: 2, nKvHeads: 1, headDim: 64, nTokens: 290, window: 5, ahead: 4 },
  { nHeads: 2, nKvHeads: 2, headDim: 32, nTokens: 70, pos: 40, window: 33, ahead: 1 },
  { nHeads: 8, nKvHeads: 8, headDim: 32, nTokens: 90, ahead: 512, alibi: 8 },
  { nHeads: 12, nKvHeads: 4, headDim: 32, nTokens: 3, pos: 300, alibi: 8 },
  { nHeads: 2, nKvHeads: 1, headDim: 32, nTokens: 7, sinks: 200 }, // beyond what float32 has an exponential of
];

const byType = kvTypes.flatMap((quant) =>
  shapes.filter(({ headDim }) => headDim % quantByName.get(quant)!.blockSize === 0).map((shape) => of(quant, shape)),
);

const { dim, kvDim, headDim } = sizes;

const timed = (nTokens: number, pos: number, quant: KvType): TimedCase => ({
  ...of(quant, { nHeads: dim / headDim, nKvHeads: kvDim / headDim, headDim, nTokens, pos }),
  name: `${timedName(nTokens)} at ${pos}, ${quant}`,
  copies: nTokens === 1 ? 16 : 1,
});

export const attentionCases: OpCases = {
  odd: byType,
  timed: [
    ...kvTypes.flatMap((quant) => [timed(1, 1023, quant), timed(1, 4095, quant)]),
    ...(['f16', 'q8_0'] as const).flatMap((quant) => [timed(128, 0, quant), timed(128, 896, quant)]),
  ],
};
