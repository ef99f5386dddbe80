import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { baseConfig, capOf, size } from './decoder_config.ts';
import { mixtureIfAny } from './mixture.ts';
import { expertsBeside, mixedBeside } from './gemma4_experts.ts';
import { layersOf, ownLayers } from './gemma4_layers.ts';
import { perLayerInput, perLayerInputs, perLayerTables } from './per_layer_input.ts';
import { gatedFfn, perLayer, postNorms, tableWeights } from './readers.ts';
import { ropeConfig, windowRope } from './rope_config.ts';
import { sharedAttention } from './shared_keys.ts';

/**
 * Gemma 4 (Google 2026): Gemma 3 with an embedding of its own for each layer and token, which stays in storage; with wider heads where
 * everything is seen; and with last layers that attend to the keys and values of earlier ones. One of its models has experts beside its dense blocks.
 *
 * @models Gemma 4
 */
export const gemma4 = architectureBy(HybridRecorder, {
  names: ['gemma4'],

  config(meta, find) {
    const c = baseConfig(meta, find, 'gemma4', ['attention.sliding_window', 'expert_count', 'final_logit_softcapping']);
    const headDim = size(meta, 'gemma4.attention.key_length');
    const rope = ropeConfig(meta, find, 'gemma4', headDim);
    const windowHeadDim = size(meta, 'gemma4.attention.key_length_swa', headDim);
    const layers = layersOf(meta, c.nLayers, { headDim, windowHeadDim });
    return {
      ...c,
      layers,
      mixture: mixtureIfAny(meta, 'gemma4', layers[0]!),
      nOwn: ownLayers(meta, 'gemma4', layers),
      rope,
      windowRope: windowRope(meta, 'gemma4', { ropeDim: windowHeadDim, headDim: windowHeadDim, base: 10000 }),
      perLayerDim: meta.u32('gemma4.embedding_length_per_layer_input', 0),
      logitCap: capOf(meta, 'gemma4.final_logit_softcapping', 30),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    perLayer: c.perLayerDim === 0 ? undefined : perLayerTables(find, c),
    layers: perLayer(c, (l) => ({
      ...sharedAttention(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      ...gatedFfn(find, { dim: c.dim, ffnDim: c.layers[l]!.ffnDim }, l),
      experts: expertsBeside(find, c, l),
      ...postNorms(find, c, l),
      input: c.perLayerDim === 0 ? undefined : perLayerInput(find, c, l),
      outScale: find.numbers(`blk.${l}.layer_output_scale.weight`, [1])?.[0] ?? 1,
    })),
  }),

  state: (c, limits) => perLayer({ nLayers: c.nOwn }, (l) => kvCache(l, c.layers[l]!, limits)),

  forward(g, c, w, state) {
    const norm = (x: Value, weight: Value): Value => g.rmsNorm(x, weight, c.normEps);
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    const P = c.perLayerDim;
    let x = g.scale(g.embed(w.embed), Math.sqrt(c.dim)); // [nTokens, dim]
    const inputs = w.perLayer && perLayerInputs(g, c, w.perLayer, x); // [nTokens, nLayers * P]
    for (const [l, layer] of w.layers.entries()) {
      const { headDim, window } = c.layers[l]!;
      const turn = (heads: Value): Value => g.rope(heads, window ? windowed : all, { headDim, style: 'neox' });
      const h = norm(x, layer.attnNorm); // [nTokens, dim]
      const q = turn(norm(g.linear(layer.wq, h), layer.qNorm)); // [nTokens, nHeads * headDim]
      let a; // [nTokens, nHeads * headDim]
      if (layer.own) {
        const raw = g.linear(layer.own.wk, h); // [nTokens, nKvHeads * headDim]
        const v = g.rmsNormPlain(layer.own.wv ? g.linear(layer.own.wv, h) : raw, headDim, c.normEps);
        a = g.attention(q, turn(norm(raw, layer.own.kNorm)), v, state[l]!, { headDim, scale: 1 });
      } else {
        a = g.attend(q, state[c.nOwn - (window ? 2 : 1)]!, { headDim, scale: 1 });
      }
      x = g.add(x, norm(g.linear(layer.wo, a), layer.attnPostNorm)); // [nTokens, dim]
      const f = norm(x, layer.ffnNorm); // [nTokens, dim]
      const gated = g.geglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      const dense = g.linear(layer.down, gated); // [nTokens, dim]
      const y = layer.experts ? mixedBeside(g, c, layer.experts, x, dense) : dense; // [nTokens, dim]
      x = g.add(x, norm(y, layer.ffnPostNorm)); // [nTokens, dim]
      if (inputs && layer.input) {
        const mixed = g.geglu(g.linear(layer.input.gate, x), g.columns(inputs, l * P, P)); // [nTokens, P]
        x = g.add(x, norm(g.linear(layer.input.proj, mixed), layer.input.norm)); // [nTokens, dim]
      }
      x = g.layerOut(g.scale(x, layer.outScale), l);
    }
    const logits = g.linear(w.output, norm(g.lastRows(x), w.norm)); // [nLogits, nVocab]
    return g.softcap(logits, c.logitCap);
  },
});
