import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { embeddingPooling } from './encoder_pooling.ts';
import { halfWindow } from './modern_bert.ts';
import { attentionWeights, ffnWeights, perLayer, postNorms, queryKeyNorms } from './readers.ts';
import type { Linear } from './recorder.ts';
import { windowRope } from './rope_config.ts';
import type { WeightFinder } from './weight_finder.ts';
import { windowsOf } from './windows.ts';

/**
 * EmbeddingGemma (Vera et al. 2025, arXiv:2509.20354): Gemma 3 that looks both ways, in windows half before a token and half behind. One or
 * two matrices may take what the text's rows have become.
 *
 * @embeddings EmbeddingGemma
 */
export const gemmaEmbedding = architecture({
  names: ['gemma-embedding'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'gemma-embedding', ['attention.causal', 'attention.sliding_window']);
    return {
      ...c,
      pooling: embeddingPooling(meta, 'gemma-embedding'),
      isBidirectional: true,
      windows: windowsOf(meta, 'gemma-embedding', c.nLayers, { period: 6 }),
      windowRope: windowRope(meta, 'gemma-embedding', { ropeDim: c.rope.ropeDim, headDim: c.headDim, base: 10000 }),
    };
  },

  weights: (c, find) => ({
    embed: find.get('token_embd.weight', [c.nVocab, c.dim]),
    norm: find.get('output_norm.weight', [c.dim]),
    dense: denseWeights(find),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      ...queryKeyNorms(find, c, l),
      ...ffnWeights(find, c, l),
      ...postNorms(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: halfWindow(c.windows[l], 1) }, { ...limits, kvType: 'f32' })),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    let x = g.scale(g.embed(w.embed), Math.sqrt(c.dim)); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const angles = c.windows[l] ? windowed : all;
      const ahead = halfWindow(c.windows[l], 0) ?? g.limits.nCtx;
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.rmsNorm(g.linear(layer.wq, h), layer.qNorm, c.normEps), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.rmsNorm(g.linear(layer.wk, h), layer.kNorm, c.normEps), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5, ahead });
      x = g.add(x, g.rmsNorm(g.linear(layer.wo, a), layer.attnPostNorm, c.normEps)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.geglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.add(x, g.rmsNorm(g.linear(layer.down, gated), layer.ffnPostNorm, c.normEps)); // [nTokens, dim]
    }
    const pooled = g.pool(g.rmsNorm(x, w.norm, c.normEps), c.pooling); // [nLogits, dim]
    if (c.pooling === 'none') return pooled; // rows of tokens are what they are: the matrices take a text's
    return w.dense.reduce((row, matrix) => g.linear(matrix, row), pooled);
  },
});

/** Matrices that take the pooled row, one after the other, whatever their sizes. */
const denseWeights = (find: WeightFinder): Linear[] =>
  ['dense_2', 'dense_3']
    .filter((name) => find.has(`${name}.weight`))
    .map((name) => find.linear(name, find.shape(`${name}.weight`) as [number, number]));
