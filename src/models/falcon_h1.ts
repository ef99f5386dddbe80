import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { inOrder } from './layer_kinds.ts';
import { mamba2, mamba2Shape, mamba2States, mamba2Weights } from './mamba2.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { attentionWeights, gatedFfn, perLayer, tableWeights } from './readers.ts';

/**
 * Falcon-H1 (Zuo et al. 2025, arXiv:2507.22448): each layer attends and has Mamba-2's block beside that, and adds up what both say.
 *
 * @models Falcon-H1
 */
export const falconH1 = architectureBy(HybridRecorder, {
  names: ['falcon-h1'],

  config: (meta, find) => ({ ...decoderConfig(meta, find, 'falcon-h1'), ...mamba2Shape(meta, 'falcon-h1') }),

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      mamba: mamba2Weights(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm`, [c.dim]), // spelled so
      ...gatedFfn(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => [kvCache(l, c, limits), ...mamba2States(l, c)]).flat(),

  forward(g, c, w, state) {
    const next = inOrder(state);
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, next(), { headDim: c.headDim, scale: c.headDim ** -0.5 });
      const y = mamba2(g, c, layer.mamba, h, next); // [nTokens, dim]
      x = g.add(x, g.add(g.linear(layer.wo, a), y)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.linear(layer.down, gated)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
