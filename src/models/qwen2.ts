import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, tableWeights } from './readers.ts';

/**
 * Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671): Llama's blocks with halves turned, and biases on queries, keys and values. Phi-3,
 * 3.5 and 4-mini (Abdin et al. 2024, arXiv:2404.14219) have no biases and fused matrices; 4-mini turns three quarters of each head.
 *
 * @models Qwen 2 and 2.5, Phi-3, 3.5 and 4-mini
 */
export const qwen2 = architecture({
  names: ['qwen2', 'phi3'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const window = meta.u32(`${arch}.attention.sliding_window`, 0) || undefined; // positions that a token sees
    return { ...decoderConfig(meta, find, arch, ['attention.sliding_window']), window };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({ ...attentionWeights(find, c, l), ...ffnWeights(find, c, l) })),
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
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.linear(layer.down, gated)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
