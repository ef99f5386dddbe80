import { describe, expect, it } from 'vitest';
import { createSampler, type Sampler } from '../../src/sampling/chain.ts';
import { keepMasked } from '../../src/sampling/masked.ts';
import type { TokenOptions } from '../../src/sampling/options.ts';
import { seedRandom, uniform } from '../../src/sampling/random.ts';

const nVocab = 300;

const settings: Readonly<Record<string, TokenOptions>> = {
  greedy: { temperature: 0 },
  'greedy with penalties': { temperature: 0, topK: 0, repeatPenalty: 1.3, dryMultiplier: 0.8 },
  defaults: {},
  'nothing but temperature': { topK: 0, topP: 1, minP: 0, temperature: 1.2 },
  'top-k of one': { topK: 1 },
  'every narrowing link': { topK: 90, typicalP: 0.9, topP: 0.8, minP: 0.01, xtcProbability: 0.5, xtcThreshold: 0.02 },
  mirostat: { mirostatTau: 3 },
  'logit bias': { logitBias: [[7, 5], [64, -Infinity]] }, // prettier-ignore
  penalties: { repeatPenalty: 1.5, presencePenalty: 0.5, frequencyPenalty: 0.2, dryMultiplier: 1, dryAllowedLength: 1 },
};

const drawn = (sampler: Sampler, logits: Float32Array, mask: Uint32Array): number =>
  sampler.sample(logits, (candidates) => keepMasked(candidates, mask));

describe('a mask', () => {
  const random = new Uint32Array(4);
  const drawLogits = () => Float32Array.from({ length: nVocab }, () => 8 * uniform(random));
  const maskOf = (isIn: (token: number) => boolean): Uint32Array => {
    const mask = new Uint32Array(Math.ceil(nVocab / 32));
    for (let token = 0; token < nVocab; token++) if (isIn(token)) mask[token >> 5]! |= 1 << (token & 31);
    return mask;
  };

  it.each(Object.entries(settings))('leaves what a ban of all other tokens leaves: %s', (_, options) => {
    seedRandom(random, 5);
    for (const share of [0.01, 0.2, 1]) {
      const isIn = Array.from({ length: nVocab }, (_, token) => token === 31 || uniform(random) < share);
      const banned = isIn.flatMap((isIn, token) => (isIn ? [] : [[token, -Infinity] as const]));
      const masked = createSampler({ ...options, seed: 3 }, nVocab);
      const logitBias = [...(options.logitBias ?? []), ...banned];
      const banning = createSampler({ ...options, logitBias, seed: 3 }, nVocab);
      const mask = maskOf((token) => isIn[token]!);
      for (let i = 0; i < 50; i++) {
        const logits = drawLogits();
        const token = drawn(masked, logits, mask);
        expect(isIn[token]).toBe(true);
        expect(token).toBe(banning.sample(logits));
        masked.accept(token);
        banning.accept(token);
      }
    }
  });

  it('is all that a dynamic temperature sees: of two tokens that are as likely, both come', () => {
    const sampler = createSampler({ topK: 0, minP: 0, dynamicTemperatureRange: 0.5, seed: 1 }, nVocab);
    const logits = new Float32Array(nVocab).fill(9);
    const two = maskOf((token) => token === 5 || token === 250);
    const seen = new Set(Array.from({ length: 40 }, () => drawn(sampler, logits, two)));
    expect([...seen].sort((a, b) => a - b)).toEqual([5, 250]);
  });

  it('that leaves only what is banned is a mistake of the caller', () => {
    const sampler = createSampler({ logitBias: [[64, -Infinity]] }, nVocab);
    const logits = drawLogits();
    const only = maskOf((token) => token === 64);
    expect(() => drawn(sampler, logits, only)).toThrow(/all 1 tokens that the answer may go on with .* -Infinity/);
    const last = maskOf((token) => token === 299);
    const none = maskOf(() => false);
    expect(() => drawn(sampler, logits, none)).toThrow(RangeError);
    expect(drawn(sampler, logits, last)).toBe(299);
  });
});
