import type { Metadata } from '../gguf/metadata.ts';
import type { WeightFinder } from './architecture.ts';
import { ropeConfig } from './rope_config.ts';

/**
 * What decoder families spell alike in their files, each part read by a function of its own. A family takes those that fit
 * it and spells the rest itself; sizes are arguments, so they may differ from layer to layer.
 */

/** Sizes, heads and rotary settings; `arch` is the prefix of the keys. */
export function decoderConfig(meta: Metadata, find: WeightFinder, arch: string) {
  const dim = meta.u32(`${arch}.embedding_length`);
  const nHeads = meta.u32(`${arch}.attention.head_count`);
  const headDim = meta.u32(`${arch}.attention.key_length`, dim / nHeads);
  return {
    nLayers: meta.u32(`${arch}.block_count`),
    nVocab: find.shape('token_embd.weight')[0]!,
    nCtxTrain: meta.u32(`${arch}.context_length`),
    dim,
    ffnDim: meta.u32(`${arch}.feed_forward_length`),
    nHeads,
    nKvHeads: meta.u32(`${arch}.attention.head_count_kv`, nHeads),
    headDim,
    normEps: meta.f32(`${arch}.attention.layer_norm_rms_epsilon`),
    rope: ropeConfig(meta, find, arch, headDim),
  };
}

export interface AttentionShape {
  readonly dim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
}

/** Norm and projections of layer `l`'s attention, with the biases that the file has, or must have. */
export function attentionWeights(
  find: WeightFinder,
  { dim, nHeads, nKvHeads, headDim }: AttentionShape,
  l: number,
  { qkvBias }: { readonly qkvBias?: 'required' } = {},
) {
  return {
    attnNorm: find.get(`blk.${l}.attn_norm.weight`, [dim]),
    wq: find.linear(`blk.${l}.attn_q`, [nHeads * headDim, dim], qkvBias),
    wk: find.linear(`blk.${l}.attn_k`, [nKvHeads * headDim, dim], qkvBias),
    wv: find.linear(`blk.${l}.attn_v`, [nKvHeads * headDim, dim], qkvBias),
    wo: find.linear(`blk.${l}.attn_output`, [dim, nHeads * headDim]),
  };
}

/** Norm and projections of layer `l`'s gated feed-forward block, with the biases that the file has. */
export function ffnWeights(find: WeightFinder, { dim, ffnDim }: { dim: number; ffnDim: number }, l: number) {
  return {
    ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [dim]),
    gate: find.linear(`blk.${l}.ffn_gate`, [ffnDim, dim]),
    up: find.linear(`blk.${l}.ffn_up`, [ffnDim, dim]),
    down: find.linear(`blk.${l}.ffn_down`, [dim, ffnDim]),
  };
}
