import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { inOrder } from './layer_kinds.ts';
import { block, blockWeights } from './mixed_block.ts';
import { mixtureIfAny } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { deltaLayers, deltaNet, deltaShape, deltaStates, deltaWeights, gatedAttention, gatedAttentionWeights } from './qwen35_layers.ts';
import { perLayer, tableWeights } from './readers.ts';

/**
 * Qwen 3.5 and 3.6 (Qwen Team 2026): three layers of four keep a matrix for each head that a gated delta rule writes; the fourth attends, and
 * lets through of each head what a gate says. Some have experts.
 *
 * @models Qwen 3.5 and 3.6, dense and with experts
 */
export const qwen35 = architectureBy(HybridRecorder, {
  names: ['qwen35', 'qwen35moe'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const c = decoderConfig(meta, find, arch, arch === 'qwen35' ? [] : ['expert_count']);
    return { ...c, ...deltaShape(meta, arch), isDelta: deltaLayers(meta, arch, c.nLayers), mixture: mixtureIfAny(meta, arch, c) };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      mixNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
      delta: c.isDelta[l] ? deltaWeights(find, c, l) : undefined,
      attention: c.isDelta[l] ? undefined : gatedAttentionWeights(find, c, l),
      ffnNorm: find.get(`blk.${l}.post_attention_norm.weight`, [c.dim]),
      ffn: blockWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => (c.isDelta[l] ? deltaStates(l, c) : [kvCache(l, c, limits)])).flat(),

  forward(g, c, w, state) {
    const next = inOrder(state);
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.mixNorm, c.normEps); // [nTokens, dim]
      if (layer.delta) x = g.add(x, deltaNet(g, c, layer.delta, h, next)); // [nTokens, dim]
      else x = g.add(x, gatedAttention(g, c, layer.attention!, h, { angles, state: next() })); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, block(g, c, layer.ffn, f)), l); // [nTokens, dim]
    }
    return g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
