import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architecture } from './architecture.ts';
import { baseConfig, capOf, size } from './decoder_config.ts';
import { layersOf, ownLayers, type LayerSizes } from './gemma4_layers.ts';
import { gatedFfn, perLayer, postNorms, tableWeights } from './readers.ts';
import { ropeConfig, windowRope } from './rope_config.ts';
import type { Recorder } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * Gemma 4's dense models (Google 2026): Gemma 3 with an embedding of its own for each layer and token, which stays in storage; with wider
 * heads where everything is seen; and with last layers that attend to the keys and values of earlier ones.
 */
export const gemma4 = architecture({
  names: ['gemma4'],

  config(meta, find) {
    const c = baseConfig(meta, find, 'gemma4', ['attention.sliding_window', 'final_logit_softcapping']);
    const headDim = size(meta, 'gemma4.attention.key_length');
    const rope = ropeConfig(meta, find, 'gemma4', headDim);
    const windowHeadDim = size(meta, 'gemma4.attention.key_length_swa', headDim);
    const layers = layersOf(meta, c.nLayers, { headDim, windowHeadDim });
    return {
      ...c,
      layers,
      nOwn: ownLayers(meta, layers),
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
      ...attention(find, c, l),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      ...gatedFfn(find, { dim: c.dim, ffnDim: c.layers[l]!.ffnDim }, l),
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
      x = g.add(x, norm(g.linear(layer.down, gated), layer.ffnPostNorm)); // [nTokens, dim]
      if (inputs && layer.input) {
        const mixed = g.geglu(g.linear(layer.input.gate, x), g.columns(inputs, l * P, P)); // [nTokens, P]
        x = g.add(x, norm(g.linear(layer.input.proj, mixed), layer.input.norm)); // [nTokens, dim]
      }
      x = g.scale(x, layer.outScale);
    }
    const logits = g.linear(w.output, norm(g.lastRows(x), w.norm)); // [nLogits, nVocab]
    return g.softcap(logits, c.logitCap);
  },
});

interface Sizes {
  readonly nLayers: number;
  readonly nOwn: number;
  readonly nVocab: number;
  readonly dim: number;
  readonly nHeads: number;
  readonly normEps: number;
  readonly perLayerDim: number;
  readonly layers: readonly LayerSizes[];
}

/** Projections and norms of layer `l`; the last layers have no keys and values of their own, whatever the file holds. */
function attention(find: WeightFinder, { dim, nHeads, nOwn, layers }: Sizes, l: number) {
  const { headDim, nKvHeads } = layers[l]!;
  const at = `blk.${l}.attn`;
  const own = () => ({
    wk: find.linear(`${at}_k`, [nKvHeads * headDim, dim]),
    kNorm: find.get(`${at}_k_norm.weight`, [headDim]),
    wv: find.has(`${at}_v.weight`) ? find.linear(`${at}_v`, [nKvHeads * headDim, dim]) : undefined, // absent: keys are values
  });
  if (l >= nOwn) find.leaveOut(`${at}_k.weight`, `${at}_k_norm.weight`, `${at}_v.weight`);
  return {
    attnNorm: find.get(`${at}_norm.weight`, [dim]),
    wq: find.linear(`${at}_q`, [nHeads * headDim, dim]),
    qNorm: find.get(`${at}_q_norm.weight`, [headDim]),
    own: l < nOwn ? own() : undefined,
    wo: find.linear(`${at}_output`, [dim, nHeads * headDim]),
  };
}

function perLayerTables(find: WeightFinder, { nVocab, nLayers, dim, perLayerDim }: Sizes) {
  return {
    table: find.stored('per_layer_token_embd.weight', [nVocab, nLayers * perLayerDim]),
    proj: find.linear('per_layer_model_proj', [nLayers * perLayerDim, dim]),
    norm: find.get('per_layer_proj_norm.weight', [perLayerDim]),
  };
}

const perLayerInput = (find: WeightFinder, { dim, perLayerDim }: Sizes, l: number) => ({
  gate: find.linear(`blk.${l}.inp_gate`, [perLayerDim, dim]),
  proj: find.linear(`blk.${l}.proj`, [dim, perLayerDim]),
  norm: find.get(`blk.${l}.post_norm.weight`, [dim]),
});

/** What layers are told of each token besides `x`: a row that only its id decides about, and a projection of its embedding. */
function perLayerInputs(g: Recorder, c: Sizes, w: ReturnType<typeof perLayerTables>, x: Value): Value {
  const own = g.scale(g.storedRows(w.table), Math.sqrt(c.perLayerDim)); // [nTokens, nLayers * P]
  const projected = g.rmsNorm(g.scale(g.linear(w.proj, x), c.dim ** -0.5), w.norm, c.normEps);
  return g.scale(g.add(projected, own), 2 ** -0.5);
}
