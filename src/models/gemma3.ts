import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { capOf, decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, postNorms, queryKeyNorms, tableWeights } from './readers.ts';
import { windowRope } from './rope_config.ts';
import { windowsOf } from './windows.ts';

/**
 * Gemma 3 (Gemma Team 2025, arXiv:2503.19786): Gemma 2 with queries and keys normed head by head instead of capped, and five layers with a
 * window for each that sees everything; those turn by a base of their own.
 *
 * @models Gemma 3
 */
export const gemma3 = architecture({
  names: ['gemma3'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'gemma3', ['attention.sliding_window', 'final_logit_softcapping']);
    const is27B = c.nLayers === 62;
    return {
      ...c,
      windows: windowsOf(meta, 'gemma3', c.nLayers, { period: 6 }),
      windowRope: windowRope(meta, 'gemma3', { ropeDim: c.rope.ropeDim, headDim: c.headDim, base: 10000 }),
      attnScale: (is27B ? c.dim / c.nHeads : c.headDim) ** -0.5,
      logitCap: capOf(meta, 'gemma3.final_logit_softcapping', 0),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ...queryKeyNorms(find, c, l),
      ...ffnWeights(find, c, l),
      ...postNorms(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    let x = g.scale(g.embed(w.embed), Math.sqrt(c.dim)); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const angles = c.windows[l] ? windowed : all;
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.rmsNorm(g.linear(layer.wq, h), layer.qNorm, c.normEps), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.rmsNorm(g.linear(layer.wk, h), layer.kNorm, c.normEps), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.attnScale });
      x = g.add(x, g.rmsNorm(g.linear(layer.wo, a), layer.attnPostNorm, c.normEps)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.geglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.rmsNorm(g.linear(layer.down, gated), layer.ffnPostNorm, c.normEps)), l); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.softcap(logits, c.logitCap);
  },
});
