import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, tableWeights } from './readers.ts';

/**
 * SmolLM3 (Hugging Face 2025): Llama's blocks, but every fourth layer turns nothing (Yang et al. 2025, arXiv:2501.18795).
 *
 * @models SmolLM3
 */
export const smollm3 = architecture({
  names: ['smollm3'],

  config: (meta, find) => decoderConfig(meta, find, 'smollm3'),

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({ ...attentionWeights(find, c, l), ...ffnWeights(find, c, l) })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    const turn = (x: Value, l: number): Value => ((l + 1) % 4 === 0 ? x : g.rope(x, angles, heads));
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = turn(g.linear(layer.wq, h), l); // [nTokens, nHeads * headDim]
      const k = turn(g.linear(layer.wk, h), l); // [nTokens, nKvHeads * headDim]
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
