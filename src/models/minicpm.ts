import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { attentionWeights, decoderConfig, ffnWeights, perLayer, tableWeights } from './readers.ts';

/** MiniCPM 1, 2 and 4 (Hu et al. 2024, arXiv:2404.06395): Llama's blocks with factors, which old files take for granted. */
export const minicpm = architecture({
  names: ['minicpm'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'minicpm', ['embedding_scale', 'logit_scale', 'residual_scale']);
    return {
      ...c,
      embedScale: meta.f32('minicpm.embedding_scale', 12) || 1,
      residualScale: meta.f32('minicpm.residual_scale', 1.4 / Math.sqrt(c.nLayers)) || 1,
      logitScale: meta.f32('minicpm.logit_scale', 256 / c.dim) || 1,
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({ ...attentionWeights(find, c, l), ...ffnWeights(find, c, l) })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.scale(g.embed(w.embed), c.embedScale); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.scale(g.linear(layer.wo, a), c.residualScale)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.add(x, g.scale(g.linear(layer.down, gated), c.residualScale)); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.scale(logits, 1 / c.logitScale);
  },
});
