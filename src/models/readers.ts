import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { WeightFinder } from './architecture.ts';
import { ropeConfig } from './rope_config.ts';

/**
 * Readers of the parts that decoder families spell alike in their files. A family takes the readers that fit it and spells
 * the rest itself. Sizes are arguments, so they may differ from layer to layer.
 */

/** Sizes, heads and rotary settings; `arch` is the prefix of the keys. */
export function decoderConfig(meta: Metadata, find: WeightFinder, arch: string) {
  checkMeaning(meta, arch);
  const nLayers = size(meta, `${arch}.block_count`);
  const dim = size(meta, `${arch}.embedding_length`);
  const nHeads = alike(meta, `${arch}.attention.head_count`);
  const headDim = size(meta, `${arch}.attention.key_length`, dim / nHeads);
  return {
    nLayers,
    nVocab: find.shape('token_embd.weight')[0]!,
    nCtxTrain: size(meta, `${arch}.context_length`),
    dim,
    ffnDim: alike(meta, `${arch}.feed_forward_length`),
    nHeads,
    nKvHeads: alike(meta, `${arch}.attention.head_count_kv`, nHeads),
    headDim,
    normEps: meta.f32(`${arch}.attention.layer_norm_rms_epsilon`),
    rope: ropeConfig(meta, find, arch, headDim),
  };
}

/** A whole number of at least 1. */
function size(meta: Metadata, key: string, fallback?: number): number {
  const value = fallback === undefined ? meta.u32(key) : meta.u32(key, fallback);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new FormatError(`${key} is ${value}, expected a whole number of at least 1; damaged file?`);
}

/** The same, which some files spell once for each layer. */
function alike(meta: Metadata, key: string, fallback?: number): number {
  if (meta.get(key)?.type !== 'array') return size(meta, key, fallback);
  const [first, ...others] = meta.numbers(key);
  if (first !== undefined && first >= 1 && others.every((n) => n === first)) return first;
  throw new UnsupportedError(`${key} differs from layer to layer, which this family's formulas do not provide for`);
}

/** Keys that change what a model computes, and the values that change nothing. */
const neutral: Readonly<Record<string, readonly (number | boolean)[]>> = {
  'attention.causal': [true],
  'attention.clamp_kqv': [0],
  'attention.scale': [0],
  'attention.temperature_scale': [0],
  attn_logit_softcapping: [0],
  final_logit_softcapping: [0],
  embedding_scale: [0, 1],
  logit_scale: [0, 1],
  residual_scale: [0, 1],
};

/** @throws UnsupportedError for a key that a family would have to have a formula for. */
function checkMeaning(meta: Metadata, arch: string): void {
  for (const [key, values] of Object.entries(neutral)) {
    const value = meta.get(`${arch}.${key}`)?.value;
    if (value === undefined || values.includes(value as number | boolean)) continue;
    throw new UnsupportedError(`${arch}.${key} is ${String(value)}, which no formula of this architecture reads`);
  }
}

export interface AttentionShape {
  readonly dim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
}

/** Norm and projections of layer `l`'s attention, with the biases that the file has. */
export function attentionWeights(
  find: WeightFinder,
  { dim, nHeads, nKvHeads, headDim }: AttentionShape,
  l: number,
) {
  return {
    attnNorm: find.get(`blk.${l}.attn_norm.weight`, [dim]),
    wq: find.linear(`blk.${l}.attn_q`, [nHeads * headDim, dim]),
    wk: find.linear(`blk.${l}.attn_k`, [nKvHeads * headDim, dim]),
    wv: find.linear(`blk.${l}.attn_v`, [nKvHeads * headDim, dim]),
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
