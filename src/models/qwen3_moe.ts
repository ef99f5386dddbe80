import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { expertWeights, mixed } from './experts.ts';
import { mixture } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { attentionWeights, perLayer, queryKeyNorms, tableWeights } from './readers.ts';

/**
 * Qwen 3's mixtures of experts (Yang et al. 2025, arXiv:2505.09388): its blocks, with experts.
 *
 * @models Qwen 3's mixtures (30B-A3B, 235B-A22B, Qwen3-Coder)
 */
export const qwen3Moe = architectureBy(HybridRecorder, {
  names: ['qwen3moe'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'qwen3moe', ['expert_count']);
    return { ...c, mixture: mixture(meta, 'qwen3moe', c) };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ...queryKeyNorms(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      experts: expertWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.rmsNorm(g.linear(layer.wq, h), layer.qNorm, c.normEps), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.rmsNorm(g.linear(layer.wk, h), layer.kNorm, c.normEps), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, mixed(g, c.mixture, layer.experts, f)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
