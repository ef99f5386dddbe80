import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { poolingOf } from './pooling.ts';
import { attentionWeights, ffnWeights, perLayer, queryKeyNorms, tableWeights } from './readers.ts';

/**
 * Qwen 3 (Yang et al. 2025, arXiv:2505.09388), its embedding models and rerankers, and Bonsai: queries and keys are normed, head by head.
 *
 * @models Qwen 3, Bonsai
 * @embeddings Qwen3-Embedding, Qwen3-Reranker
 */
export const qwen3 = architecture({
  names: ['qwen3'],

  config(meta, find) {
    const pooling = poolingOf(meta, 'qwen3');
    return { ...decoderConfig(meta, find, 'qwen3'), pooling: pooling === 'none' ? undefined : pooling, isChoice: true };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    head: find.optional('cls.output.weight', [2, c.dim]), // "yes" and "no"
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ...queryKeyNorms(find, c, l),
      ...ffnWeights(find, c, l),
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
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.linear(layer.down, gated)), l); // [nTokens, dim]
    }
    if (c.pooling === 'rank') return g.matmul(w.head!, g.rmsNorm(g.pool(x, 'last'), w.norm, c.normEps)); // [nLogits, 2]
    if (c.pooling) return g.pool(g.rmsNorm(x, w.norm, c.normEps), c.pooling); // [nLogits, dim]
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
