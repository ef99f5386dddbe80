import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig, size } from './decoder_config.ts';
import { expertWeights, mixed } from './experts.ts';
import { mixture } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { attentionWeights, perLayer, tableWeights } from './readers.ts';
import { windowRope } from './rope_config.ts';
import { windowsOf } from './windows.ts';

/**
 * gpt-oss (OpenAI 2025, arXiv:2508.10925): every other layer sees a window, each head has a score of nothing, and everything has biases,
 * the router and its experts, too.
 *
 * @models gpt-oss
 */
export const gptOss = architectureBy(HybridRecorder, {
  names: ['gpt-oss'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'gpt-oss', ['attention.sliding_window', 'expert_count']);
    const window = size(meta, 'gpt-oss.attention.sliding_window');
    const { base } = windowRope(meta, 'gpt-oss', { ropeDim: c.rope.ropeDim, headDim: c.headDim, base: c.rope.base });
    return {
      ...c,
      windows: windowsOf(meta, 'gpt-oss', c.nLayers, { window, period: 2 }),
      windowRope: { ...c.rope, base },
      mixture: mixture(meta, 'gpt-oss', c),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      sinks: find.get(`blk.${l}.attn_sinks.weight`, [c.nHeads]),
      ffnNorm: find.get(`blk.${l}.post_attention_norm.weight`, [c.dim]),
      experts: expertWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const { headDim } = c;
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    const turn = (x: Value, l: number): Value => g.rope(x, c.windows[l] ? windowed : all, { headDim, style: 'neox' });
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = turn(g.linear(layer.wq, h), l); // [nTokens, nHeads * headDim]
      const k = turn(g.linear(layer.wk, h), l); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim, scale: headDim ** -0.5, sinks: layer.sinks });
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, mixed(g, c.mixture, layer.experts, f)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
