import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { expertWeights, mixed } from './experts.ts';
import { mixture } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { attentionWeights, perLayer, tableWeights } from './readers.ts';

/**
 * Mixtral (Jiang et al. 2024, arXiv:2401.04088): Llama's blocks with experts. Its files say `llama`, as Llama's do.
 *
 * @models Mixtral
 */
export const llamaMoe = architectureBy(HybridRecorder, {
  names: ['llama with experts'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'llama', ['attention.sliding_window', 'expert_count']);
    const window = meta.u32('llama.attention.sliding_window', 0) || undefined; // positions that a token sees
    return { ...c, window, mixture: mixture(meta, 'llama', c) };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      experts: expertWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, mixed(g, c.mixture, layer.experts, f)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
