import { createSampler, type Sampler } from '../sampling/chain.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { tokensWith, usualBreakers } from './dry_breakers.ts';

/** The sampler of an answer: what its settings name by text becomes tokens, and tokens that the file suppresses are never drawn. */
export function samplerFor(settings: SamplerOptions, tokenizer: Tokenizer): Sampler {
  const breakers = settings.dryBreakers ?? (settings.dryMultiplier ? usualBreakers : []);
  const never = tokenizer.suppressed.map((token) => [token, -Infinity] as const);
  const logitBias = [...(settings.logitBias ?? []), ...never];
  return createSampler({ ...settings, logitBias, dryBreakers: tokensWith(tokenizer, breakers) }, tokenizer.nVocab);
}
