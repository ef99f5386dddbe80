import { FormatError, UnsupportedError } from '../base/errors.ts';
import type { Metadata } from '../gguf/metadata.ts';
import type { Gating } from '../ops/route.ts';
import { alike, size } from './decoder_config.ts';

/** How a family chooses experts and weighs what they say. */
interface Rules {
  readonly gating: Gating;
  /** Whether weights are divided by their sum. */
  readonly norm: boolean;
  /** What experts do between their matrices; some have no gate. */
  readonly activation: 'swiglu' | 'geglu' | 'clamped swiglu' | 'gelu';
}

/** By `general.architecture`. */
const families: Readonly<Record<string, Rules>> = {
  llama: { gating: 'softmax', norm: true, activation: 'swiglu' },
  qwen3moe: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granite: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granitemoe: { gating: 'softmax', norm: true, activation: 'swiglu' },
  granite_swa: { gating: 'softmax', norm: true, activation: 'swiglu' },
  gemma4: { gating: 'softmax', norm: true, activation: 'geglu' },
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
    nExperts,
    nUsed,
    scale: 1,
    expertDim: alike(meta, `${arch}.expert_feed_forward_length`, ffnDim),
    sharedDim: meta.u32(`${arch}.expert_shared_feed_forward_length`, 0),
  };
}

/** The same of a family that has experts in some files. */
export const mixtureIfAny = (meta: Metadata, arch: string, c: { readonly ffnDim: number }): Mixture | undefined =>
  meta.u32(`${arch}.expert_count`, 0) === 0 ? undefined : mixture(meta, arch, c);

/** @throws UnsupportedError for a key that says other than the family's formula does. */
function checkRules(meta: Metadata, arch: string, { gating, norm }: Rules): void {
  const says: Readonly<Record<string, readonly unknown[]>> = {
    expert_gating_func: [0, gatings.indexOf(gating)],
    expert_weights_norm: [norm],
    expert_weights_scale: [0, 1],
    expert_group_count: [0, 1],
    leading_dense_block_count: [0],
  };
  for (const [key, values] of Object.entries(says)) {
    const value = meta.get(`${arch}.${key}`)?.value;
    if (value === undefined || values.includes(value)) continue;
    throw new UnsupportedError(`${arch}.${key} is ${String(value)}, which no formula of this architecture reads; its experts have ${String(values.at(-1))}`);
  }
}
