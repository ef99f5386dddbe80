import { isInside } from '../base/checks.ts';
import { limitsOf, type NumberName, type SamplerOptions } from './options.ts';

/** What a model is, as far as it decides how to sample from it. */
export interface Sampled {
  readonly architecture: string;
  readonly nParams: number;
  /** A number of the file's metadata, where it holds one. */
  readonly number: (key: string) => number | undefined;
}

/** What publishers recommend with their models (generation_config.json, model cards). Other families have the defaults. */
const families: Readonly<Record<string, SamplerOptions>> = {
  llama: { temperature: 0.6, topP: 0.9 },
  qwen2: { temperature: 0.7, topP: 0.8, topK: 20, repeatPenalty: 1.05 },
  qwen3: { temperature: 0.6, topP: 0.95, topK: 20, minP: 0 },
  gemma: { temperature: 1, topP: 0.95, topK: 64, minP: 0 },
  gemma2: { temperature: 1, topP: 0.95, topK: 64, minP: 0 },
  gemma3: { temperature: 1, topP: 0.95, topK: 64, minP: 0 },
  gemma3n: { temperature: 1, topP: 0.95, topK: 64, minP: 0 },
  gemma4: { temperature: 1, topP: 0.95, topK: 64, minP: 0 },
  smollm3: { temperature: 0.6, topP: 0.95 },
  lfm2: { temperature: 0.3, minP: 0.15, repeatPenalty: 1.05 },
  qwen35: { temperature: 0.7, topP: 0.8, topK: 20, minP: 0, presencePenalty: 1.5 },
  nemotron_h: { temperature: 0.6, topP: 0.95 },
};

/** Ends repetitions of many tokens, and leaves names and short quotations alone. */
const guard: SamplerOptions = { dryMultiplier: 0.8, dryAllowedLength: 4, dryLastN: 256 };

/**
 * Small models know little, and a draw easily takes what is wrong: their temperature is low, and since such models soon repeat
 * themselves, they get the guard. Measured on questions with one right answer: bench/presets.ts.
 */
const sizes: readonly { readonly below: number; readonly temperature: number }[] = [
  { below: 3e8, temperature: 0 },
  { below: 1e9, temperature: 0.3 },
];

/** Where converters write what the model's generation_config.json says. */
const keys: Readonly<Record<string, NumberName>> = {
  'general.sampling.temp': 'temperature',
  'general.sampling.top_k': 'topK',
  'general.sampling.top_p': 'topP',
  'general.sampling.min_p': 'minP',
  'general.sampling.xtc_probability': 'xtcProbability',
  'general.sampling.xtc_threshold': 'xtcThreshold',
  'general.sampling.penalty_last_n': 'repeatLastN',
  'general.sampling.penalty_repeat': 'repeatPenalty',
};

/** Settings that suit a model: by its size over those of its family, and over both what its file says. */
export function presetFor({ architecture, nParams, number }: Sampled): SamplerOptions {
  const family = families[architecture] ?? {};
  const size = sizes.find(({ below }) => nParams < below);
  const bySize = size && { ...guard, temperature: Math.min(size.temperature, family.temperature ?? 1) };
  const said = Object.entries(keys)
    .map(([key, name]) => [name, number(key)] as const)
    .filter(([name, value]) => value !== undefined && isInside(value, limitsOf(name)));
  return { ...family, ...bySize, ...Object.fromEntries(said) };
}

/**
 * The settings of an answer: those given, and the model's own for the others. Who asks for a temperature of 0 wants the likeliest token
 * every time; penalties of the model's own would take another.
 */
export function withPreset(given: SamplerOptions, preset: SamplerOptions): SamplerOptions {
  if (given.temperature === 0) return given;
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...preset, ...Object.fromEntries(set) };
}
