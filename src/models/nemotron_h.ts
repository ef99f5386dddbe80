import { FormatError } from '../base/errors.ts';
import { greatest } from '../base/numbers.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { baseConfig, size } from './decoder_config.ts';
import { expertWeights, mixed, type Experts } from './experts.ts';
import { counts, inOrder, kvHeadsOf } from './layer_kinds.ts';
import { mamba2, mamba2Shape, mamba2States, mamba2Weights } from './mamba2.ts';
import { mixtureIfAny, type Mixture } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { perLayer, projections, tableWeights } from './readers.ts';
import type { Linear } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * Nemotron-H (NVIDIA 2025, arXiv:2504.03624) and Nemotron Nano 2 and 3: each layer is one thing, Mamba-2's block, attention without turning, or a
 * feed-forward block without a gate, or experts.
 *
 * @models Nemotron-H, Nemotron Nano 2, Nemotron 3
 */
export const nemotronH = architectureBy(HybridRecorder, {
  names: ['nemotron_h', 'nemotron_h_moe'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const c = baseConfig(meta, find, arch, arch === 'nemotron_h' ? [] : ['expert_count']);
    const { ffnDims, kvHeads } = layerSizes(meta, arch, c);
    return {
      ...c,
      ...mamba2Shape(meta, arch),
      headDim: size(meta, `${arch}.attention.key_length`, c.dim / c.nHeads),
      ffnDims,
      kvHeads,
      mixture: mixtureIfAny(meta, arch, { ffnDim: greatest(ffnDims) }),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => {
      const [nKvHeads, ffnDim] = [c.kvHeads[l]!, c.ffnDims[l]!];
      return {
        norm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
        mamba: nKvHeads || ffnDim ? undefined : mamba2Weights(find, c, l),
        attention: nKvHeads ? projections(find, { ...c, nKvHeads }, l) : undefined,
        ffn: ffnDim ? feedForwardWeights(find, { ...c, ffnDim }, l) : undefined,
      };
    }),
  }),

  state: (c, limits) =>
    perLayer(c, (l) => {
      const nKvHeads = c.kvHeads[l]!;
      if (nKvHeads) return [kvCache(l, { ...c, nKvHeads }, limits)];
      return c.ffnDims[l] ? [] : mamba2States(l, c);
    }).flat(),

  forward(g, c, w, state) {
    const next = inOrder(state);
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.norm, c.normEps); // [nTokens, dim]
      let y; // [nTokens, dim]
      if (layer.mamba) y = mamba2(g, c, layer.mamba, h, next);
      else if (layer.attention) {
        const { wq, wk, wv, wo } = layer.attention;
        const [q, k, v] = [g.linear(wq, h), g.linear(wk, h), g.linear(wv, h)]; // [nTokens, nHeads * headDim], [nTokens, nKvHeads * headDim]
        y = g.linear(wo, g.attention(q, k, v, next(), { headDim: c.headDim, scale: c.headDim ** -0.5 }));
      } else y = feedForward(g, c, layer.ffn!, h);
      x = g.layerOut(g.add(x, y), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});

/** What makes a layer what it is: heads of keys and values, or columns inside; neither: Mamba-2. */
function layerSizes(meta: Metadata, arch: string, c: { readonly nLayers: number; readonly nHeads: number }) {
  const ffnDims = counts(meta, `${arch}.feed_forward_length`, c.nLayers);
  const kvHeads = kvHeadsOf(meta, arch, c);
  const both = ffnDims.findIndex((n, l) => n > 0 && kvHeads[l]! > 0);
  if (both < 0) return { ffnDims, kvHeads };
  const came = `layer ${both} has ${kvHeads[both]} heads of keys and ${ffnDims[both]} columns inside`;
  throw new FormatError(`${arch}.attention.head_count_kv and feed_forward_length: ${came}, expected one of them to be 0; damaged file?`);
}

type FeedForward = { readonly experts: Experts } | { readonly experts?: undefined; readonly up: Linear; readonly down: Linear };

function feedForwardWeights(find: WeightFinder, { dim, ffnDim, mixture }: { dim: number; ffnDim: number; mixture: Mixture | undefined }, l: number): FeedForward {
  if (mixture) return { experts: expertWeights(find, { dim, mixture }, l) };
  return { up: find.linear(`blk.${l}.ffn_up`, [ffnDim, dim]), down: find.linear(`blk.${l}.ffn_down`, [dim, ffnDim]) };
}

function feedForward(g: HybridRecorder, { mixture }: { mixture: Mixture | undefined }, w: FeedForward, h: Value): Value {
  return w.experts ? mixed(g, mixture!, w.experts, h) : g.linear(w.down, g.reluSquared(g.linear(w.up, h)));
}
