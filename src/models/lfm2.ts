import type { Value } from '../graph/graph.ts';
import { kvCache, rowsState, type LayerState } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { alike, baseConfig, size } from './decoder_config.ts';
import { kvHeadsOf, tapsOf } from './layer_kinds.ts';
import { block, blockWeights } from './mixed_block.ts';
import { mixtureIfAny } from './mixture.ts';
import { HybridRecorder, type Conv } from './hybrid_recorder.ts';
import { perLayer, projections, queryKeyNorms } from './readers.ts';
import type { Linear } from './recorder.ts';
import { ropeConfig } from './rope_config.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * LFM2 and 2.5 (Liquid AI 2025, arXiv:2511.23404): most layers mix a token with the two before it, by a short convolution between two gates;
 * the others attend. Some have experts, but for their first layers.
 *
 * @models LFM2, LFM2.5, dense and with experts
 */
export const lfm2 = architectureBy(HybridRecorder, {
  names: ['lfm2', 'lfm2moe'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const c = baseConfig(meta, find, arch, arch === 'lfm2' ? [] : ['expert_count']);
    const headDim = size(meta, `${arch}.attention.key_length`, c.dim / c.nHeads);
    const ffnDim = alike(meta, `${arch}.feed_forward_length`);
    return {
      ...c,
      headDim,
      ffnDim,
      mixture: mixtureIfAny(meta, arch, { ffnDim }),
      kvHeads: kvHeadsOf(meta, arch, c), // 0: a convolution
      nTaps: tapsOf(meta, `${arch}.shortconv.l_cache`),
      rope: ropeConfig(meta, find, arch, headDim),
    };
  },

  weights(c, find) {
    const embed = find.get('token_embd.weight', [c.nVocab, c.dim]);
    return {
      embed,
      norm: find.get('token_embd_norm.weight', [c.dim]), // its name notwithstanding, it is the last one
      output: find.optional('output.weight', [c.nVocab, c.dim]) ?? embed,
      layers: perLayer(c, (l) => {
        const nKvHeads = c.kvHeads[l]!;
        return {
          mixNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
          attention: nKvHeads ? { ...projections(find, { ...c, nKvHeads }, l), ...queryKeyNorms(find, { ...c, nKvHeads }, l) } : undefined,
          conv: nKvHeads ? undefined : shortConvWeights(find, c, l),
          ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
          ffn: blockWeights(find, c, l),
        };
      }),
    };
  },

  state: (c, limits) =>
    perLayer(c, (l) => {
      const nKvHeads = c.kvHeads[l]!;
      return nKvHeads ? kvCache(l, { ...c, nKvHeads }, limits) : rowsState(l, c.nTaps - 1, c.dim, 'conv');
    }),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.mixNorm, c.normEps); // [nTokens, dim]
      if (layer.attention) {
        const { wq, wk, wv, wo, qNorm, kNorm } = layer.attention;
        const q = g.rope(g.rmsNorm(g.linear(wq, h), qNorm, c.normEps), angles, heads); // [nTokens, nHeads * headDim]
        const k = g.rope(g.rmsNorm(g.linear(wk, h), kNorm, c.normEps), angles, heads); // [nTokens, nKvHeads * headDim]
        const v = g.linear(wv, h); // [nTokens, nKvHeads * headDim]
        const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
        x = g.add(x, g.linear(wo, a)); // [nTokens, dim]
      } else x = g.add(x, shortConv(g, c, layer.conv!, h, state[l]!)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, block(g, c, layer.ffn, f)), l); // [nTokens, dim]
    }
    return g.linear({ w: w.output }, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});

interface ShortConvShape {
  readonly dim: number;
  readonly nTaps: number;
}

interface ShortConvWeights {
  readonly inProj: Linear;
  readonly conv: Conv;
  readonly outProj: Linear;
}

const shortConvWeights = (find: WeightFinder, { dim, nTaps }: ShortConvShape, l: number): ShortConvWeights => ({
  inProj: find.linear(`blk.${l}.shortconv.in_proj`, [3 * dim, dim]),
  conv: { taps: find.get(`blk.${l}.shortconv.conv.weight`, [dim, nTaps]) },
  outProj: find.linear(`blk.${l}.shortconv.out_proj`, [dim, dim]),
});

/** A convolution of what one gate lets in, behind which the other lets out. */
function shortConv(g: HybridRecorder, { dim }: ShortConvShape, w: ShortConvWeights, h: Value, state: LayerState): Value {
  const all = g.linear(w.inProj, h); // [nTokens, 3 * dim]
  const [lets, shows, u] = [0, 1, 2].map((part) => g.columns(all, part * dim, dim)) as [Value, Value, Value]; // [nTokens, dim] each
  const mixed = g.causalConv(g.multiply(lets, u), w.conv, state, 'as it is'); // [nTokens, dim]
  return g.linear(w.outProj, g.multiply(shows, mixed)); // [nTokens, dim]
}
