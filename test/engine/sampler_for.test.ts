import { expect, test } from 'vitest';
import { samplerFor } from '../../src/engine/sampler_for.ts';
import { createTokenizer } from '../../src/tokenizers/index.ts';
import { bytesVocab } from '../tokenizers/vocabs.ts';

const suppressTokens = [7, 9];
const tokenizer = createTokenizer({ ...bytesVocab(), suppressTokens });
const logits = new Float32Array(tokenizer.nVocab).fill(-20);
logits.set([5, 2, 4], 7); // of 7, 8 and 9

test('tokens that the file suppresses are never drawn, whatever the caller adds to them', () => {
  for (const settings of [
    { temperature: 0 },
    { temperature: 5 },
    { logitBias: [[7, 100]] as const },
    { mirostatTau: 5 },
  ]) {
    const sampler = samplerFor({ seed: 3, ...settings }, tokenizer);
    const drawn = new Set(Array.from({ length: 300 }, () => sampler.sample(logits)));
    expect(suppressTokens.filter((token) => drawn.has(token))).toEqual([]);
    expect(drawn).toContain(8);
  }
  expect(samplerFor({ temperature: 0 }, createTokenizer(bytesVocab())).sample(logits)).toBe(7);
});

test('a file that suppresses everything cannot answer, and says so', () => {
  const every = createTokenizer({ ...bytesVocab(), suppressTokens: [...logits.keys()] });
  expect(() => samplerFor({}, every).sample(logits)).toThrow(/all 256 tokens.*what the file suppresses/);
});
