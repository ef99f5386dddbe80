import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, tableWeights } from './readers.ts';

/**
 * BitNet b1.58 (Ma et al. 2024, arXiv:2402.17764) as llama.cpp's files have it: a norm before each block's last matrix, too.
 *
 * @models BitNet b1.58
 */
export const bitnet = architecture({
  names: ['bitnet'],

  config: (meta, find) => decoderConfig(meta, find, 'bitnet'),

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      attnSubNorm: find.get(`blk.${l}.attn_sub_norm.weight`, [c.nHeads * c.headDim]),
      ...ffnWeights(find, c, l),
      ffnSubNorm: find.get(`blk.${l}.ffn_sub_norm.weight`, [c.ffnDim]),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.linear(layer.wo, g.rmsNorm(a, layer.attnSubNorm, c.normEps))); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.linear(layer.down, g.rmsNorm(gated, layer.ffnSubNorm, c.normEps))), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
