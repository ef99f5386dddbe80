import { UnsupportedError } from '../base/errors.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { MoreRecorder } from './more_recorder.ts';
import { decoderConfig } from './decoder_config.ts';
import { encoderPooling, labelsOf } from './encoder_pooling.ts';
import { rank, rankHead } from './rank_head.ts';
import { gatedFfn, perLayer, projections } from './readers.ts';
import { windowRope } from './rope_config.ts';
import { windowsOf } from './windows.ts';

/**
 * ModernBERT (Warner et al. 2024, arXiv:2412.13663), and Granite's embedding models: norms before the blocks, halves turned, a gate in the
 * feed-forward block. Two layers of three see a window: half of it before a token and half of it behind.
 *
 * @embeddings ModernBERT, Granite Embedding R2, gte-reranker-modernbert
 */
export const modernBert = architectureBy(MoreRecorder, {
  names: ['modern-bert'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'modern-bert', ['attention.causal', 'attention.sliding_window']);
    const activation = meta.string('modern-bert.hidden_activation', 'gelu');
    if (activation !== 'gelu' && activation !== 'silu') {
      throw new UnsupportedError(`modern-bert.hidden_activation is ${JSON.stringify(activation)}; supported: gelu, silu`);
    }
    return {
      ...c,
      pooling: encoderPooling(meta, 'modern-bert'), nLabels: labelsOf(meta, 'modern-bert'),
      isBidirectional: true,
      windows: windowsOf(meta, 'modern-bert', c.nLayers, { period: 3, wideFirst: true }),
      windowRope: windowRope(meta, 'modern-bert', { ropeDim: c.rope.ropeDim, headDim: c.headDim, base: 10000 }),
      isSilu: activation === 'silu',
    };
  },

  weights: (c, find) => ({
    embed: find.get('token_embd.weight', [c.nVocab, c.dim]),
    embedNorm: find.layerNorm('token_embd_norm', c.dim),
    layers: perLayer(c, (l) => ({
      attnNorm: l === 0 ? undefined : find.layerNorm(`blk.${l}.attn_norm`, c.dim), // the embeddings have just been normed
      ...projections(find, c, l),
      ffnNorm: find.layerNorm(`blk.${l}.ffn_norm`, c.dim),
      ...gatedFfn(find, c, l),
    })),
    norm: find.layerNorm('output_norm', c.dim),
    head: rankHead(find, c),
  }),

  state: (c, limits) =>
    perLayer(c, (l) => kvCache(l, { ...c, window: halfWindow(c.windows[l], 1) }, { ...limits, kvType: 'f32' })),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    let x = g.layerNorm(g.embed(w.embed), w.embedNorm, c.normEps); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const angles = c.windows[l] ? windowed : all;
      const ahead = halfWindow(c.windows[l], 0) ?? g.limits.nCtx;
      const h = layer.attnNorm ? g.layerNorm(x, layer.attnNorm, c.normEps) : x; // [nTokens, dim]
      const q = g.rope(g.linear(layer.wq, h), angles, heads); // [nTokens, dim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, dim]
      const v = g.linear(layer.wv, h); // [nTokens, dim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5, ahead });
      x = g.add(x, g.linear(layer.wo, a)); // [nTokens, dim]
      const f = g.layerNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const [gate, up] = [g.linear(layer.gate, f), g.linear(layer.up, f)]; // [nTokens, ffnDim]
      x = g.add(x, g.linear(layer.down, c.isSilu ? g.swiglu(gate, up) : g.geglu(gate, up))); // [nTokens, dim]
    }
    x = g.layerNorm(x, w.norm, c.normEps); // [nTokens, dim]
    if (c.pooling === 'rank') return rank(g, g.pool(x, 'mean'), w.head!, { gelu: true, eps: c.normEps }); // [nLogits, nLabels]
    return g.pool(x, c.pooling); // [nLogits, dim]
  },
});

/** Half of a window that lies on both sides of a token, and so much more. */
export const halfWindow = (window: number | undefined, more: number): number | undefined =>
  window === undefined ? undefined : Math.floor(window / 2) + more;
