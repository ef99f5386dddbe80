import { log } from '../base/math.ts';
import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { MoreRecorder } from './more_recorder.ts';
import { decoderConfig } from './decoder_config.ts';
import { attentionWeights, ffnWeights, perLayer, tableWeights } from './readers.ts';
import { contextOriginal } from './rope_config.ts';

/**
 * Ministral 3 and Mistral Small 3 (Mistral AI 2025): Llama's blocks stretched by YaRN. Queries grow with the logarithm of the position, one
 * step for each length of the original context.
 *
 * @models Ministral 3, Mistral Small 3
 */
export const mistral3 = architectureBy(MoreRecorder, {
  names: ['mistral3'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'mistral3', ['attention.temperature_scale']);
    const temperature = meta.f32('mistral3.attention.temperature_scale', 0);
    return { ...c, temperature, nCtxOriginal: contextOriginal(meta, 'mistral3') };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({ ...attentionWeights(find, c, l), ...ffnWeights(find, c, l) })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    const factors = temperatures(c, g.limits.nCtx);
    const temper = (q: Value): Value => (c.temperature === 0 ? q : g.temper(q, factors, c.nCtxOriginal));
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = temper(g.rope(g.linear(layer.wq, h), angles, heads)); // [nTokens, nHeads * headDim]
      const k = g.rope(g.linear(layer.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
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

/** What queries are multiplied by, a number for each length of the original context: `1 + β ln(1 + floor(pos / nCtxOriginal))`. */
const temperatures = (c: { readonly temperature: number; readonly nCtxOriginal: number }, nCtx: number): Float32Array =>
  Float32Array.from({ length: Math.ceil(nCtx / c.nCtxOriginal) }, (_, i) => 1 + c.temperature * log(1 + i));
