import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import { ropeConfig } from './rope_config.ts';
import type { WeightFinder } from './weight_finder.ts';

/** Sizes that do not depend on the layer; `arch` is the prefix of the keys. `reads` are keys of `neutral` that the family has a formula for. */
export function baseConfig(meta: Metadata, find: WeightFinder, arch: string, reads: readonly NeutralKey[] = []) {
  checkMeaning(meta, arch, reads);
  const nMtpLayers = meta.u32(`${arch}.nextn_predict_layers`, 0);
  const nLayers = size(meta, `${arch}.block_count`) - nMtpLayers;
  if (nLayers > find.nTensors)
    throw new FormatError(`${arch}.block_count is ${nLayers}, the file has ${find.nTensors} tensors; damaged file?`);
  if (nLayers < 1) throw new FormatError(`${arch}.nextn_predict_layers is ${nMtpLayers}, no less than all blocks; damaged file?`);
  return {
    nLayers,
    nMtpLayers,
    nVocab: find.shape('token_embd.weight')[0]!,
    nCtxTrain: size(meta, `${arch}.context_length`),
    dim: size(meta, `${arch}.embedding_length`),
    nHeads: alike(meta, `${arch}.attention.head_count`),
    normEps: meta.f32(`${arch}.attention.layer_norm_rms_epsilon`, undefined) ?? meta.f32(`${arch}.attention.layer_norm_epsilon`),
  };
}

/** The same with the sizes of all layers, and rotary settings. */
export function decoderConfig(meta: Metadata, find: WeightFinder, arch: string, reads: readonly NeutralKey[] = []) {
  const c = baseConfig(meta, find, arch, reads);
  const headDim = size(meta, `${arch}.attention.key_length`, c.dim / c.nHeads);
  return {
    ...c,
    ffnDim: alike(meta, `${arch}.feed_forward_length`),
    nKvHeads: alike(meta, `${arch}.attention.head_count_kv`, c.nHeads),
    headDim,
    rope: ropeConfig(meta, find, arch, headDim),
  };
}

/** A whole number of at least 1. */
export function size(meta: Metadata, key: string, fallback?: number): number {
  const value = fallback === undefined ? meta.u32(key) : meta.u32(key, fallback);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new FormatError(`${key} is ${value}, expected a whole number of at least 1; damaged file?`);
}

/** A size for each layer: a list, or one for all. */
export function sizes(meta: Metadata, key: string, nLayers: number): number[] {
  const listed = meta.get(key)?.type === 'array' ? [...meta.numbers(key)] : new Array<number>(nLayers).fill(size(meta, key));
  if (listed.length >= nLayers && listed.every((n) => Number.isInteger(n) && n >= 1)) return listed;
  throw new FormatError(`${key} is [${listed.join(', ')}], expected a whole number of at least 1 for each of ${nLayers} layers`);
}

/** A size that all layers have, though some files spell it once for each. */
export function alike(meta: Metadata, key: string, fallback?: number): number {
  if (meta.get(key)?.type !== 'array') return size(meta, key, fallback);
  const [first, ...others] = meta.numbers(key);
  if (first !== undefined && first >= 1 && others.every((n) => n === first)) return first;
  throw new UnsupportedError(`${key} differs from layer to layer, which this family's formulas do not provide for`);
}

/** Where scores or logits bend; 0: nowhere. */
export function capOf(meta: Metadata, key: string, fallback: number): number {
  const cap = meta.f32(key, fallback);
  if (cap >= 0) return cap;
  throw new FormatError(`${key} is ${cap}, expected a positive number, or 0 for none; damaged file?`);
}

/** Keys that change what a model computes, and the values that change nothing. */
const neutral = {
  'attention.causal': [true],
  'attention.clamp_kqv': [0],
  'attention.scale': [0],
  'attention.sliding_window': [0],
  'attention.temperature_scale': [0],
  attn_logit_softcapping: [0],
  final_logit_softcapping: [0],
  embedding_scale: [0, 1],
  expert_count: [0],
  logit_scale: [0, 1],
  residual_scale: [0, 1],
} satisfies Readonly<Record<string, readonly (number | boolean)[]>>;
type NeutralKey = keyof typeof neutral;

/** @throws UnsupportedError for a key that a family would have to have a formula for. */
function checkMeaning(meta: Metadata, arch: string, reads: readonly string[]): void {
  for (const [key, values] of Object.entries(neutral)) {
    const value = meta.get(`${arch}.${key}`)?.value;
    if (value === undefined || reads.includes(key) || (values as readonly unknown[]).includes(value)) continue;
    throw new UnsupportedError(`${arch}.${key} is ${String(value)}, which no formula of this architecture reads`);
  }
}
