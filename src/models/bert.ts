import type { Metadata } from '../gguf/metadata.ts';
import type { Value } from '../graph/graph.ts';
import { kvCache } from '../graph/layer_state.ts';
import { architectureBy } from './architecture.ts';
import { HybridRecorder } from './hybrid_recorder.ts';
import { decoderConfig } from './decoder_config.ts';
import { encoderPooling, labelsOf } from './encoder_pooling.ts';
import { expertWeights, mixed, type Experts } from './experts.ts';
import { mixtureIfAny, type Mixture } from './mixture.ts';
import { rank, rankHead } from './rank_head.ts';
import { perLayer, projections } from './readers.ts';
import type { Linear } from './recorder.ts';
import type { WeightFinder } from './weight_finder.ts';

/**
 * BERT (Devlin et al. 2018, arXiv:1810.04805): MiniLM, bge, arctic-embed, XLM-R. Norms stand behind the blocks, positions are learned, and
 * everything has biases. nomic-embed 1.5 (Nussbaum et al. 2024, arXiv:2402.01613) turns queries and keys instead, and its feed-forward block
 * has a gate; nomic-embed 2 (Nussbaum and Duderstadt 2025, arXiv:2502.07972) has experts in some layers; jina-embeddings 3 (Sturua et al. 2024,
 * arXiv:2409.10173) turns them, too.
 *
 * @embeddings BERT (MiniLM, bge, arctic-embed, multilingual E5 …), nomic-embed 1 to 2, jina-embeddings 3; bge-reranker
 */
export const bert = architectureBy(HybridRecorder, {
  names: ['bert', 'nomic-bert', 'nomic-bert-moe', 'jina-bert-v3'],

  config(meta, find) {
    const arch = meta.string('general.architecture');
    const c = decoderConfig(meta, find, arch, arch === 'nomic-bert-moe' ? ['attention.causal', 'expert_count'] : ['attention.causal']);
    const pooled = { pooling: encoderPooling(meta, arch), nLabels: labelsOf(meta, arch) };
    const experts = { mixture: mixtureIfAny(meta, arch, c), moeEvery: meta.u32(`${arch}.moe_every_n_layers`, 0) };
    return { ...c, ...pooled, ...experts, isBidirectional: true, turns: arch !== 'bert', nTypes: typesOf(meta) };
  },

  weights: (c, find) => ({
    embed: find.get('token_embd.weight', [c.nVocab, c.dim]),
    types: find.numbers('token_types.weight', [c.nTypes, c.dim]),
    positions: c.turns ? undefined : positions(find, c),
    embedNorm: find.layerNorm('token_embd_norm', c.dim),
    head: rankHead(find, c),
    layers: perLayer(c, (l) => ({
      ...projections(find, c, l),
      attnNorm: find.layerNorm(`blk.${l}.attn_output_norm`, c.dim),
      ...ffn(find, c, l),
      norm: find.layerNorm(`blk.${l}.layer_output_norm`, c.dim),
    })),
  }),

  state: (c, limits) => perLayer(c, (l) => kvCache(l, c, { ...limits, kvType: 'f32' })),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = c.turns ? g.ropeAngles(c.rope) : undefined; // [nTokens, ropeDim]
    const turn = (x: Value): Value => (angles ? g.rope(x, angles, heads) : x);
    let x = g.embed(w.embed); // [nTokens, dim]
    if (w.types) x = g.addRow(x, w.types.slice(0, c.dim)); // all tokens are of the first type
    if (w.positions) x = g.add(x, g.positionRows(w.positions, c.dim));
    x = g.layerNorm(x, w.embedNorm, c.normEps);
    for (const [l, layer] of w.layers.entries()) {
      const q = turn(g.linear(layer.wq, x)); // [nTokens, dim]
      const k = turn(g.linear(layer.wk, x)); // [nTokens, dim]
      const v = g.linear(layer.wv, x); // [nTokens, dim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5, ahead: g.limits.nCtx });
      x = g.layerNorm(g.add(x, g.linear(layer.wo, a)), layer.attnNorm, c.normEps); // [nTokens, dim]
      x = g.layerNorm(g.add(x, feedForward(g, c, layer, x)), layer.norm, c.normEps); // [nTokens, dim]
    }
    if (c.pooling === 'rank') return rank(g, g.pool(x, 'cls'), w.head!, { gelu: false, eps: c.normEps }); // [nLogits, nLabels]
    return g.pool(x, c.pooling); // [nLogits, dim]
  },
});

/** @throws FormatError where there are none: without them the order of words means nothing. */
function positions(find: WeightFinder, { nCtxTrain, dim }: { nCtxTrain: number; dim: number }): Float32Array {
  find.shape('position_embd.weight');
  return find.numbers('position_embd.weight', [nCtxTrain, dim])!;
}

const typesOf = (meta: Metadata): number => meta.u32('tokenizer.ggml.token_type_count', 1);

type Sizes = { readonly dim: number; readonly ffnDim: number; readonly moeEvery: number; readonly mixture: Mixture | undefined };

/** Layer `l`'s feed-forward block: nomic-bert 1 has a gate, nomic-embed 2 has experts in the second of so many layers. */
function ffn(find: WeightFinder, { dim, ffnDim, moeEvery, mixture }: Sizes, l: number): Block {
  if (mixture && l % moeEvery === 1) return { experts: expertWeights(find, { dim, mixture }, l) };
  return {
    gate: find.has(`blk.${l}.ffn_gate.weight`) ? find.linear(`blk.${l}.ffn_gate`, [ffnDim, dim]) : undefined,
    up: find.linear(`blk.${l}.ffn_up`, [ffnDim, dim]),
    down: find.linear(`blk.${l}.ffn_down`, [dim, ffnDim]),
  };
}

type Block = { readonly experts: Experts } | { readonly experts?: undefined; readonly gate: Linear | undefined; readonly up: Linear; readonly down: Linear };

function feedForward(g: HybridRecorder, { mixture }: Sizes, w: Block, x: Value): Value {
  if (w.experts) return mixed(g, mixture!, w.experts, x);
  const up = g.linear(w.up, x); // [nTokens, ffnDim]
  return g.linear(w.down, w.gate ? g.swiglu(g.linear(w.gate, x), up) : g.gelu(up));
}
