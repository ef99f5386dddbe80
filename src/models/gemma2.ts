import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { capOf, decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, postNorms, tableWeights } from './readers.ts';
import { windowsOf } from './windows.ts';

/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118): norms before and behind both blocks, scores and logits capped, a window in every other
 * layer.
 *
 * @models Gemma 2
 */
export const gemma2 = architecture({
  names: ['gemma2'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'gemma2', ['attention.sliding_window', 'attn_logit_softcapping', 'final_logit_softcapping']);
    const is27B = c.nLayers === 46;
    return {
      ...c,
      windows: windowsOf(meta, 'gemma2', c.nLayers, { window: 4096, period: 2 }),
      attnScale: (is27B ? c.dim / c.nHeads : c.headDim) ** -0.5,
      scoreCap: capOf(meta, 'gemma2.attn_logit_softcapping', 50),
      logitCap: capOf(meta, 'gemma2.final_logit_softcapping', 30),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ...ffnWeights(find, c, l),
      ...postNorms(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.scale(g.embed(w.embed), Math.sqrt(c.dim)); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.attnScale, cap: c.scoreCap });
      x = g.add(x, g.rmsNorm(g.linear(layer.wo, a), layer.attnPostNorm, c.normEps)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.geglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.rmsNorm(g.linear(layer.down, gated), layer.ffnPostNorm, c.normEps)), l); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.softcap(logits, c.logitCap);
  },
});
