import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, queryKeyNorms, tableWeights } from './readers.ts';

/**
 * Hunyuan's dense models (Tencent 2025): as Qwen 3, but queries and keys are normed after they are turned.
 *
 * @models Hunyuan, its dense models
 */
export const hunyuan = architecture({
  names: ['hunyuan-dense'],

  config: (meta, find) => decoderConfig(meta, find, 'hunyuan-dense'),

  weights: (c, find) => ({
    ...tableWeights(find, c),
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
      const q = g.rmsNorm(g.rope(g.linear(layer.wq, h), angles, heads), layer.qNorm, c.normEps); // [nTokens, nHeads * headDim]
      const k = g.rmsNorm(g.rope(g.linear(layer.wk, h), angles, heads), layer.kNorm, c.normEps); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.linear(layer.down, gated)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
