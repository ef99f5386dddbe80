import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { attentionWeights, decoderConfig, factor, ffnWeights, perLayer, tableWeights } from './readers.ts';

/**
 * Granite 3 and 4's dense models (IBM 2024, Granite 3.0 Language Models): Llama's blocks with maximal update parametrisation (Yang et al.
 * 2022, arXiv:2203.03466), whose factors stand in the file.
 */
export const granite = architecture({
  names: ['granite'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'granite', ['attention.scale', 'embedding_scale', 'logit_scale', 'residual_scale']);
    return {
      ...c,
      embedScale: factor(meta, 'granite.embedding_scale', 1),
      residualScale: factor(meta, 'granite.residual_scale', 1),
      attnScale: factor(meta, 'granite.attention.scale', c.headDim ** -0.5),
      logitScale: factor(meta, 'granite.logit_scale', 1),
      turns: meta.bool('granite.rope.scaling.finetuned', true), // false: positions are told by nothing but the mask
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
    const turn = (x: Value): Value => (c.turns ? g.rope(x, angles, heads) : x);
    let x = g.scale(g.embed(w.embed), c.embedScale); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = turn(g.linear(layer.wq, h)); // [nTokens, nHeads * headDim]
      const k = turn(g.linear(layer.wk, h)); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.attnScale });
      x = g.add(x, g.scale(g.linear(layer.wo, a), c.residualScale)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.add(x, g.scale(g.linear(layer.down, gated), c.residualScale)); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.scale(logits, 1 / c.logitScale);
  },
});
