import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { decoderConfig } from './decoder_config.ts';
import { block, blockWeights } from './mixed_block.ts';
import { mixtureIfAny } from './mixture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { attentionWeights, perLayer, tableWeights } from './readers.ts';
import { flagsOf, windowsOf } from './windows.ts';

const factors = ['embedding_scale', 'residual_scale', 'logit_scale'] as const;

/**
 * Granite 3 and 4's transformers (IBM 2024, Granite 3.0 Language Models): Llama's blocks with maximal update parametrisation (Yang et al.
 * 2022, arXiv:2203.03466), whose factors stand in the file. Some have experts. Later ones have windows, and for each head a score of nothing.
 * MiniCPM 1, 2 and 4 (Hu et al. 2024, arXiv:2404.06395) have the same blocks; their old files take the factors for granted.
 *
 * @models Granite 3 and 4, dense and with experts; MiniCPM 1, 2 and 4
 */
export const granite = architectureBy(HybridRecorder, {
  names: ['granite', 'granitemoe', 'granite_swa', 'minicpm'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const c = decoderConfig(meta, find, arch, ['attention.sliding_window', 'attention.scale', 'expert_count', ...factors]);
    const [embed, residual, logits] = arch === 'minicpm' ? [12, 1.4 / Math.sqrt(c.nLayers), 256 / c.dim] : [1, 1, 1];
    const turnsAll = meta.bool(`${arch}.rope.scaling.finetuned`, true); // false: positions are told by nothing but the mask
    return {
      ...c,
      embedScale: meta.f32(`${arch}.embedding_scale`, embed) || 1, // 0 is no factor
      residualScale: meta.f32(`${arch}.residual_scale`, residual) || 1,
      logitScale: meta.f32(`${arch}.logit_scale`, logits) || 1,
      attnScale: meta.f32(`${arch}.attention.scale`, 0) || c.headDim ** -0.5,
      windows: windowsOf(meta, arch, c.nLayers, {}),
      mixture: mixtureIfAny(meta, arch, c),
      turns: flagsOf(meta, `${arch}.attention.rope_pattern`, c.nLayers) ?? new Array<boolean>(c.nLayers).fill(turnsAll),
    };
  },

  weights: (c, find) => ({
    ...tableWeights(find, c),
    layers: perLayer(c, (l) => ({
      ...attentionWeights(find, c, l),
      sinks: find.optional(`blk.${l}.attn_sinks.weight`, [c.nHeads]),
      ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
      ffn: blockWeights(find, c, l),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, { ...c, window: c.windows[l] }, limits)),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    const turn = (x: Value, l: number): Value => (c.turns[l] ? g.rope(x, angles, heads) : x);
    let x = g.scale(g.embed(w.embed), c.embedScale); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = turn(g.linear(layer.wq, h), l); // [nTokens, nHeads * headDim]
      const k = turn(g.linear(layer.wk, h), l); // [nTokens, nKvHeads * headDim]
      const v = g.linear(layer.wv, h); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.attnScale, sinks: layer.sinks });
      x = g.add(x, g.scale(g.linear(layer.wo, a), c.residualScale)); // [nTokens, dim]
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.layerOut(g.add(x, g.scale(block(g, c, layer.ffn, f), c.residualScale)), l); // [nTokens, dim]
    }
    const logits = g.linear(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
    return g.scale(logits, 1 / c.logitScale);
  },
});
