import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { gatedFfn, perLayer, postNorms, projections, tableWeights } from './readers.ts';
import { windowRope } from './rope_config.ts';
import { windowsOf } from './windows.ts';

/**
 * OLMo 2 and 3 (OLMo et al. 2024, arXiv:2501.00656): norms stand behind attention and feed-forward block instead of before them, and whole
 * rows of queries and keys are normed. OLMo 3 has windows in three layers of four, where nothing is stretched.
 *
 * @models OLMo 2 and 3
 */
export const olmo2 = architecture({
  names: ['olmo2'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'olmo2', ['attention.sliding_window']);
    const windows = windowsOf(meta, 'olmo2', c.nLayers, { period: 4 });
    return { ...c, windows, windowRope: windowRope(meta, 'olmo2', { ...c.rope, headDim: c.headDim }) };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...projections(find, c, l),
      qNorm: find.get(`blk.${l}.attn_q_norm.weight`, [c.nHeads * c.headDim]),
      kNorm: find.get(`blk.${l}.attn_k_norm.weight`, [c.nKvHeads * c.headDim]),
      ...postNorms(find, c, l),
      ...gatedFfn(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const angles = c.windows[l] ? windowed : all;
      const q = g.rope(g.rmsNorm(g.linear(layer.wq, x), layer.qNorm, c.normEps), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.rmsNorm(g.linear(layer.wk, x), layer.kNorm, c.normEps), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, x); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.rmsNorm(g.linear(layer.wo, a), layer.attnPostNorm, c.normEps)); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, x), g.linear(layer.up, x)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.rmsNorm(g.linear(layer.down, gated), layer.ffnPostNorm, c.normEps)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
