import type { Metadata } from '../gguf/metadata.ts';
import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { MoreRecorder } from './more_recorder.ts';
import { capOf, decoderConfig } from './decoder_config.ts';
import { ownLayers } from './gemma4_layers.ts';
import { perLayerInput, perLayerInputs, perLayerTables } from './per_layer_input.ts';
import { gatedFfn, perLayer, postNorms, tableWeights } from './readers.ts';
import { windowRope } from './rope_config.ts';
import { sharedAttention } from './shared_keys.ts';
import type { WeightFinder } from './weight_finder.ts';
import { windowsOf } from './windows.ts';

/** Streams of the residual: each layer computes the first and predicts the others (AltUp, Baykal et al. 2023, arXiv:2301.13310). */
const nStreams = 4;

/**
 * Gemma 3n (Google 2025): what Gemma 4 has, and four streams of the residual, a low-rank way around each block (LAuReL, Menghani et al. 2024,
 * arXiv:2411.07501), and few active columns in the first feed-forward blocks.
 *
 * @models Gemma 3n
 */
export const gemma3n = architectureBy(MoreRecorder, {
  names: ['gemma3n'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'gemma3n', ['attention.sliding_window', 'final_logit_softcapping']);
    const { headDim, nKvHeads, ffnDim } = c;
    const windows = windowsOf(meta, 'gemma3n', c.nLayers, { period: 5 });
    const layers = windows.map((window) => ({ window, headDim, nKvHeads, ffnDim }));
    return {
      ...c,
      layers,
      nOwn: ownLayers(meta, 'gemma3n', layers, Math.max(0, c.nLayers - 20)),
      windowRope: windowRope(meta, 'gemma3n', { ropeDim: c.rope.ropeDim, headDim, base: 10000 }),
      perLayerDim: meta.u32('gemma3n.embedding_length_per_layer_input', 256),
      deviations: deviationsOf(meta, c.nLayers),
      logitCap: capOf(meta, 'gemma3n.final_logit_softcapping', 30),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    perLayer: perLayerTables(find, c),
    into: streams((i) => find.linear(`altup_proj.${i}`, [c.dim, c.dim])),
    back: streams((i) => find.linear(`altup_unembd_proj.${i}`, [c.dim, c.dim])),
    layers: perLayer(c, (l) => ({
      ...altUp(find, c.dim, l),
      ...sharedAttention(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      ...gatedFfn(find, c, l),
      ...postNorms(find, c, l),
      input: perLayerInput(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer({ nLayers: c.nOwn }, (l) => kvCache(l, c.layers[l]!, limits)),

  forward(g, c, w, state) {
    const norm = (x: Value, weight: Value): Value => g.rmsNorm(x, weight, c.normEps);
    const [all, windowed] = [g.ropeAngles(c.rope), g.ropeAngles(c.windowRope)]; // [nTokens, ropeDim]
    const { headDim, perLayerDim: P } = c;
    const embedded = g.scale(g.embed(w.embed), Math.sqrt(c.dim)); // [nTokens, dim]
    const inputs = perLayerInputs(g, c, w.perLayer, embedded); // [nTokens, nLayers * P]
    let xs = [embedded, ...w.into.map((matrix) => g.matchSize(g.linear(matrix, embedded), embedded))]; // [nTokens, dim] each
    for (const [l, layer] of w.layers.entries()) {
      const { window } = c.layers[l]!;
      const turn = (heads: Value): Value => g.rope(heads, window ? windowed : all, { headDim, style: 'neox' });
      const routed = (x: Value): Value =>
        g.softcap(g.linear(layer.router, g.scale(norm(x, layer.routerNorm), 1 / c.dim)), 1); // [nTokens, 4]: a tanh
      const mix = g.linear(layer.predict, routed(xs[0]!)); // [nTokens, 4 * 4]
      const predicted = xs.map((x, i) => g.add(x, g.combine(mix, i * nStreams, xs))); // [nTokens, dim] each
      const active = predicted[0]!;
      const h = norm(active, layer.attnNorm); // [nTokens, dim]
      const around = g.add(h, norm(g.linear(layer.laurelR, g.linear(layer.laurelL, h)), layer.laurelNorm)); // [nTokens, dim]
      const q = turn(norm(g.linear(layer.wq, h), layer.qNorm)); // [nTokens, nHeads * headDim]
      const a = layer.own // [nTokens, nHeads * headDim]
        ? g.attention(q, turn(norm(g.linear(layer.own.wk, h), layer.own.kNorm)), values(g, c, layer.own, h), state[l]!, { headDim, scale: 1 })
        : g.attend(q, state[c.nOwn - (window ? 2 : 1)]!, { headDim, scale: 1 });
      const attended = g.add(active, norm(g.linear(layer.wo, a), layer.attnPostNorm)); // [nTokens, dim]
      const both = g.scale(g.add(attended, around), Math.SQRT1_2); // [nTokens, dim]
      const f = norm(both, layer.ffnNorm); // [nTokens, dim]
      const gate = g.sparsify(g.linear(layer.gate, f), c.deviations[l]!); // [nTokens, ffnDim]
      const down = g.linear(layer.down, g.geglu(gate, g.linear(layer.up, f))); // [nTokens, dim]
      const y = g.add(both, norm(down, layer.ffnPostNorm)); // [nTokens, dim]
      const news = g.add(y, g.scale(active, -1)); // [nTokens, dim]: what the prediction lacked
      const shares = g.linear(layer.correct, routed(y)); // [nTokens, 4]
      const corrected = predicted.map((x, i) => g.add(g.add(x, news), g.combine(shares, i, [news])));
      const told = g.linear(layer.input.gate, g.multiply(corrected[0]!, layer.correctScale)); // [nTokens, P]
      const told2 = g.linear(layer.input.proj, g.geglu(told, g.columns(inputs, l * P, P))); // [nTokens, dim]
      const tail = norm(told2, layer.input.norm);
      xs = corrected.map((x, i) => g.layerOut(i === 0 ? x : g.add(x, tail), l));
    }
    const [first, ...others] = xs as [Value, ...Value[]];
    const matched = others.map((x, i) => g.matchSize(g.linear(w.back[i]!, x), first)); // [nTokens, dim] each
    const x = g.scale(matched.reduce((sum, other) => g.add(sum, other), first), 1 / nStreams);
    const logits = g.linear(w.output, norm(g.lastRows(x), w.norm)); // [nLogits, nVocab]
    return g.softcap(logits, c.logitCap);
  },
});

const streams = <T>(of: (i: number) => T): T[] => Array.from({ length: nStreams - 1 }, (_, i) => of(i));

/** Values, each head normed; Gemma 3n has a matrix for them in each layer of its own. */
const values = (g: MoreRecorder, c: { headDim: number; normEps: number }, own: OwnKeys, h: Value): Value =>
  g.rmsNormPlain(g.linear(own.wv ?? own.wk, h), c.headDim, c.normEps);

type OwnKeys = NonNullable<ReturnType<typeof sharedAttention>['own']>;

/** Deviations from the mean that a gate's column must stand out by, `[nLayers]`; 0: all columns are active. */
function deviationsOf(meta: Metadata, nLayers: number): number[] {
  const key = 'gemma3n.activation_sparsity_scale';
  const usual = Array.from({ length: nLayers }, (_, l) => (l < 10 ? 1.6448533535 : 0)); // one of twenty stays
  return usual.map((deviations, l) => meta.numbers(key, usual)[l] ?? deviations);
}

/** What predicts and corrects the streams of layer `l`, and the low-rank way around its attention. */
function altUp(find: WeightFinder, dim: number, l: number) {
  const at = `blk.${l}.`;
  const rank = find.shape(`${at}laurel_l.weight`)[0]!;
  return {
    router: find.linear(`${at}altup_router`, [nStreams, dim]),
    routerNorm: find.get(`${at}altup_router_norm.weight`, [dim]),
    predict: find.linear(`${at}altup_predict_coef`, [nStreams * nStreams, nStreams]),
    correct: find.linear(`${at}altup_correct_coef`, [nStreams, nStreams]),
    correctScale: find.get(`${at}altup_correct_scale.weight`, [dim]),
    laurelL: find.linear(`${at}laurel_l`, [rank, dim]),
    laurelR: find.linear(`${at}laurel_r`, [dim, rank]),
    laurelNorm: find.get(`${at}laurel_post_norm.weight`, [dim]),
  };
}
