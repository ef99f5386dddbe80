import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { gatedFfn, perLayer, postNorms, projections, queryKeyNorms, tableWeights } from './readers.ts';
import { windowsOf } from './windows.ts';

/**
 * EXAONE 4 (LG AI Research 2025, arXiv:2507.11407): norms behind the blocks as OLMo 2 has them, queries and keys normed head by head. The
 * large one has windows in three layers of four, and turns queries and keys only there.
 *
 * @models EXAONE 4
 */
export const exaone4 = architecture({
  names: ['exaone4'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'exaone4', ['attention.sliding_window']);
    const isLarge = c.nLayers === 64;
    return { ...c, windows: isLarge ? windowsOf(meta, 'exaone4', c.nLayers, { window: 4096, period: 4 }) : [] };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...projections(find, c, l),
      ...queryKeyNorms(find, c, l),
      ...postNorms(find, c, l),
      ...gatedFfn(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    const hasWindows = c.windows.some(Boolean);
    const turn = (x: Value, l: number): Value => (c.windows[l] || !hasWindows ? g.rope(x, angles, heads) : x);
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const q = turn(g.rmsNorm(g.linear(layer.wq, x), layer.qNorm, c.normEps), l); // [nTokens, nHeads * headDim]
      const k = turn(g.rmsNorm(g.linear(layer.wk, x), layer.kNorm, c.normEps), l); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, x); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.rmsNorm(g.linear(layer.wo, a), layer.attnPostNorm, c.normEps)); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, x), g.linear(layer.up, x)); // [nTokens, ffnDim]
      x = g.layerOut(g.add(x, g.rmsNorm(g.linear(layer.down, gated), layer.ffnPostNorm, c.normEps)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
