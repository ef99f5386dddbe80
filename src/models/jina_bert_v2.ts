import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { MoreRecorder } from './more_recorder.ts';
import { decoderConfig } from './decoder_config.ts';
import { encoderPooling, labelsOf } from './encoder_pooling.ts';
import { rank, rankHead } from './rank_head.ts';
import { gatedFfn, perLayer, projections } from './readers.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * jina-embeddings 2 (Günther et al. 2023, arXiv:2310.19923): BERT with a gate in the feed-forward block, and with scores that fall with the
 * distance instead of positions. The code model norms queries and keys, and adds a layer's input twice.
 *
 * @embeddings jina-embeddings 2, jina-reranker 1
 */
export const jinaBertV2 = architectureBy(MoreRecorder, {
  names: ['jina-bert-v2'],

  config(meta, find) {
    const c = decoderConfig(meta, find, 'jina-bert-v2', ['attention.causal']);
    const nTypes = meta.u32('tokenizer.ggml.token_type_count', 1);
    return { ...c, pooling: encoderPooling(meta, 'jina-bert-v2'), nLabels: labelsOf(meta, 'jina-bert-v2'), isBidirectional: true, nTypes };
  },

  weights: (c, find) => ({
    embed: find.get('token_embd.weight', [c.nVocab, c.dim]),
    types: find.numbers('token_types.weight', [c.nTypes, c.dim]),
    embedNorm: find.layerNorm('token_embd_norm', c.dim),
    head: rankHead(find, c),
    layers: perLayer(c, (l) => ({
      ...projections(find, c, l),
      qNorm: optionalNorm(find, `blk.${l}.attn_q_norm`, c.dim),
      kNorm: optionalNorm(find, `blk.${l}.attn_k_norm`, c.dim),
      attnNorm: find.layerNorm(`blk.${l}.attn_output_norm`, c.dim),
      secondNorm: optionalNorm(find, `blk.${l}.attn_norm_2`, c.dim),
      ...gatedFfn(find, c, l),
      norm: find.layerNorm(`blk.${l}.layer_output_norm`, c.dim),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, { ...limits, kvType: 'f32' })),

  forward(g, c, w, state) {
    const eps = c.normEps;
    const looks = { headDim: c.headDim, scale: c.headDim ** -0.5, ahead: g.limits.nCtx, alibi: 8 };
    let x = g.embed(w.embed); // [nTokens, dim]
    if (w.types) x = g.addRow(x, w.types.slice(0, c.dim)); // all tokens are of the first type
    x = g.layerNorm(x, w.embedNorm, eps);
    for (const [l, layer] of w.layers.entries()) {
      let [q, k] = [g.linear(layer.wq, x), g.linear(layer.wk, x)]; // [nTokens, dim]
      if (layer.qNorm) q = g.layerNorm(q, layer.qNorm, eps);
      if (layer.kNorm) k = g.layerNorm(k, layer.kNorm, eps);
      const a = g.attention(q, k, g.linear(layer.wv, x), state[l]!, looks); // [nTokens, dim]
      let y = g.layerNorm(g.add(x, g.linear(layer.wo, a)), layer.attnNorm, eps); // [nTokens, dim]
      if (layer.secondNorm) y = g.layerNorm(g.add(x, y), layer.secondNorm, eps);
      const gated = g.geglu(g.linear(layer.gate, y), g.linear(layer.up, y)); // [nTokens, ffnDim]
      x = g.layerNorm(g.add(y, g.linear(layer.down, gated)), layer.norm, eps); // [nTokens, dim]
    }
    if (c.pooling === 'rank') return rank(g, g.pool(x, 'cls'), w.head!, { gelu: false, eps }); // [nLogits, nLabels]
    return g.pool(x, c.pooling); // [nLogits, dim]
  },
});

const optionalNorm = (find: WeightFinder, name: string, cols: number) =>
  find.has(`${name}.weight`) ? find.layerNorm(name, cols) : undefined;
