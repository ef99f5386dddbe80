import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { alike, baseConfig, size } from './decoder_config.ts';
import { inOrder, kvHeadsOf } from './layer_kinds.ts';
import { mamba2, mamba2Shape, mamba2States, mamba2Weights } from './mamba2.ts';
import { block, blockWeights } from './mixed_block.ts';
import { mixtureIfAny } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { perLayer, projections, tableWeights } from './readers.ts';
import { ropeConfig } from './rope_config.ts';

/**
 * Granite 4's hybrids (IBM 2025, Granite 4.0 Language Models): Granite's factors, and Mamba-2 in place of attention in nine layers of ten. Attention
 * tells positions by nothing but its mask, as a rule. Most have experts.
 *
 * @models Granite 4 H, dense and with experts
 */
export const graniteHybrid = architectureBy(HybridRecorder, {
  names: ['granitehybrid'],

  config(meta, find) {
    const arch = 'granitehybrid';
    const c = baseConfig(meta, find, arch, ['attention.scale', 'embedding_scale', 'residual_scale', 'logit_scale', 'expert_count']);
    const headDim = size(meta, `${arch}.attention.key_length`, c.dim / c.nHeads);
    const ffnDim = alike(meta, `${arch}.feed_forward_length`);
    return {
      ...c,
      ...mamba2Shape(meta, arch),
      headDim,
      ffnDim,
      mixture: mixtureIfAny(meta, arch, { ffnDim }),
      kvHeads: kvHeadsOf(meta, arch, c), // 0: Mamba-2
      rope: ropeConfig(meta, find, arch, headDim),
      turns: meta.bool(`${arch}.rope.scaling.finetuned`, true),
      embedScale: meta.f32(`${arch}.embedding_scale`, 0) || 1, // 0 is no factor
      residualScale: meta.f32(`${arch}.residual_scale`, 0) || 1,
      logitScale: meta.f32(`${arch}.logit_scale`, 0) || 1,
      attnScale: meta.f32(`${arch}.attention.scale`, 0) || headDim ** -0.5,
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => {
      const nKvHeads = c.kvHeads[l]!;
      return {
        mixNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
        attention: nKvHeads ? projections(find, { ...c, nKvHeads }, l) : undefined,
        mamba: nKvHeads ? undefined : mamba2Weights(find, c, l),
        ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
        ffn: blockWeights(find, c, l),
      };
    }),
  }),

  state: (c, limits) =>
    perLayer(c, (l) => {
      const nKvHeads = c.kvHeads[l]!;
      return nKvHeads ? [kvCache(l, { ...c, nKvHeads }, limits)] : mamba2States(l, c);
    }).flat(),

  forward(g, c, w, state) {
    const next = inOrder(state);
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const turn = (x: Value): Value => (c.turns ? g.rope(x, g.ropeAngles(c.rope), heads) : x);
    let x = g.scale(g.embed(w.embed), c.embedScale); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.mixNorm, c.normEps); // [nTokens, dim]
      if (layer.attention) {
        const q = turn(g.linear(layer.attention.wq, h)); // [nTokens, nHeads * headDim]
        const k = turn(g.linear(layer.attention.wk, h)); // [nTokens, nKvHeads * headDim]
        const v = g.linear(layer.attention.wv, h); // [nTokens, nKvHeads * headDim]
        const a = g.attention(q, k, v, next(), { headDim: c.headDim, scale: c.attnScale });
        x = g.add(x, g.scale(g.linear(layer.attention.wo, a), c.residualScale)); // [nTokens, dim]
      } else x = g.add(x, g.scale(mamba2(g, c, layer.mamba!, h, next), c.residualScale)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, g.scale(block(g, c, layer.ffn, f), c.residualScale)), l); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.scale(logits, 1 / c.logitScale);
  },
});
