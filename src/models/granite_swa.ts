import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { attentionWeights, decoderConfig, factor, ffnWeights, perLayer, tableWeights } from './readers.ts';
import { flagsOf, windowsOf } from './windows.ts';

/** Granite with windows (IBM 2026): Granite's blocks, with a score of nothing for each head to attend to; some layers may turn nothing. */
export const granite_swa = architecture({
  names: ['granite_swa'],

  config(meta, find) {
    const scales = ['attention.scale', 'embedding_scale', 'logit_scale', 'residual_scale'] as const;
    const c = decoderConfig(meta, find, 'granite_swa', ['attention.sliding_window', ...scales]);
    return {
      ...c,
      embedScale: factor(meta, 'granite_swa.embedding_scale', 1),
      residualScale: factor(meta, 'granite_swa.residual_scale', 1),
      attnScale: factor(meta, 'granite_swa.attention.scale', c.headDim ** -0.5),
      logitScale: factor(meta, 'granite_swa.logit_scale', 1),
      windows: windowsOf(meta, 'granite_swa', c.nLayers, {}),
      turns: flagsOf(meta, 'granite_swa.attention.rope_pattern', c.nLayers), // absent: all layers do
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      sinks: find.get(`blk.${l}.attn_sinks.weight`, [c.nHeads]),
      ...ffnWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    const turn = (x: Value, l: number): Value => (c.turns?.[l] === false ? x : g.rope(x, angles, heads));
    let x = g.scale(g.embed(w.embed), c.embedScale); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = turn(g.linear(layer.wq, h), l); // [nTokens, nHeads * headDim]
      const k = turn(g.linear(layer.wk, h), l); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.attnScale, sinks: layer.sinks });
      x = g.add(x, g.scale(g.linear(layer.wo, a), c.residualScale)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.add(x, g.scale(g.linear(layer.down, gated), c.residualScale)); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.scale(logits, 1 / c.logitScale);
  },
});
