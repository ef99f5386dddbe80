import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { Gating } from '../graph/routing.ts';
import { alike, size } from './decoder_config.ts';

/** How a family chooses experts and weighs what they say. */
interface Rules {
  readonly gating: Gating;
  /** Whether weights are divided by their sum. */
  readonly norm: boolean;
  /** What experts do between their matrices; some have no gate. */
  readonly activation: 'swiglu' | 'geglu' | 'clamped swiglu' | 'gelu' | 'relu squared';
  /** Whether each expert has a number that counts for the choice alone. */
  readonly hasBias?: boolean;
  /** Keys that the family reads; others may say what it does anyway. */
  readonly reads?: readonly string[];
}

/** By `general.architecture`. */
const families: Readonly<Record<string, Rules>> = {
  llama: { gating: 'softmax', norm: true, activation: 'swiglu' },
  qwen3moe: { gating: 'softmax', norm: true, activation: 'swiglu' },
  qwen35moe: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granite: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granitemoe: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granite_swa: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granitehybrid: { gating: 'softmax', norm: true, activation: 'swiglu' },
  gemma4: { gating: 'softmax', norm: true, activation: 'geglu' },
  lfm2moe: { gating: 'sigmoid', norm: true, activation: 'swiglu', hasBias: true, reads: ['expert_gating_func', 'leading_dense_block_count'] },
  nemotron_h_moe: { gating: 'sigmoid', norm: false, activation: 'relu squared', hasBias: true, reads: ['expert_weights_norm', 'expert_weights_scale', 'moe_latent_size'] },
  'gpt-oss': { gating: 'softmax of the chosen', norm: false, activation: 'clamped swiglu' },
  'nomic-bert-moe': { gating: 'softmax', norm: false, activation: 'gelu' },
};

/** `expert_gating_func`, by its number. */
const gatings: readonly (Gating | undefined)[] = [undefined, 'softmax', 'sigmoid', 'softmax of the chosen'];

/** The mixture of a model. */
export interface Mixture extends Rules {
  readonly nExperts: number;
  readonly nUsed: number;
  /** Multiplies weights. */
  readonly scale: number;
  /** Width inside an expert. */
  readonly expertDim: number;
  /** Width inside the expert that every token takes; 0: there is none. */
  readonly sharedDim: number;
  /** Width between the projections around all experts; 0: there are none. */
  readonly latentDim: number;
  /** So many first layers have dense blocks. */
  readonly nDense: number;
}

/** Sizes and rules of a file's experts; `ffnDim` is the width inside one where the file has no other for them. */
export function mixture(meta: Metadata, arch: string, { ffnDim }: { readonly ffnDim: number }): Mixture {
  const rules = families[arch]!;
  const nExperts = size(meta, `${arch}.expert_count`);
  const usedKey = `${arch}.expert_used_count`;
  const nUsed = alike(meta, usedKey);
  if (nUsed > nExperts) throw new FormatError(`${usedKey} is ${nUsed}, there are ${nExperts} experts; damaged file?`);
  checkRules(meta, arch, rules);
  return {
    ...rules,
    gating: gatingOf(meta, `${arch}.expert_gating_func`, rules.gating),
    norm: meta.bool(`${arch}.expert_weights_norm`, rules.norm),
    scale: factorOf(meta, `${arch}.expert_weights_scale`),
    nExperts,
    nUsed,
    expertDim: alike(meta, `${arch}.expert_feed_forward_length`, ffnDim),
    sharedDim: meta.u32(`${arch}.expert_shared_feed_forward_length`, 0),
    latentDim: meta.u32(`${arch}.moe_latent_size`, 0),
    nDense: meta.u32(`${arch}.leading_dense_block_count`, 0),
  };
}

function gatingOf(meta: Metadata, key: string, usual: Gating): Gating {
  const number = meta.u32(key, 0);
  const gating = number === 0 ? usual : gatings[number];
  if (gating) return gating;
  throw new UnsupportedError(`${key} is ${number}; supported: ${gatings.map((name, i) => name && `${i} (${name})`).filter(Boolean).join(', ')}`);
}

function factorOf(meta: Metadata, key: string): number {
  const factor = meta.f32(key, 0) || 1;
  if (factor > 0) return factor;
  throw new FormatError(`${key} is ${factor}, expected a positive number, or 0 for none; damaged file?`);
}

/** The same of a family that has experts in some files. */
export const mixtureIfAny = (meta: Metadata, arch: string, c: { readonly ffnDim: number }): Mixture | undefined =>
  meta.u32(`${arch}.expert_count`, 0) === 0 ? undefined : mixture(meta, arch, c);

/** @throws UnsupportedError for a key that says other than a family does that does not read it. */
function checkRules(meta: Metadata, arch: string, { gating, norm, reads = [] }: Rules): void {
  const supported: Readonly<Record<string, readonly unknown[]>> = {
    expert_gating_func: [0, gatings.indexOf(gating)],
    expert_weights_norm: [norm],
    expert_weights_scale: [0, 1],
    expert_group_count: [0, 1],
    leading_dense_block_count: [0],
    moe_latent_size: [0],
  };
  for (const [key, values] of Object.entries(supported)) {
    const value = meta.get(`${arch}.${key}`)?.value;
    if (value === undefined || reads.includes(key) || values.includes(value)) continue;
    throw new UnsupportedError(`${arch}.${key} is ${String(value)}, which no formula of this architecture reads; supported: ${values.join(', ')}`);
  }
}
