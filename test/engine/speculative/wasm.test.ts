import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, UnsupportedError, type GenerateOptions, type Model } from 'thimble';
import { embedded, storiesBlob } from '../../api/helpers.ts';

const text = 'The keeper climbed the narrow stairs with a lamp in one hand and a loaf of bread in the other.';
const prompt = { messages: [{ role: 'user', content: `Repeat this text exactly:\n\n${text}` }] } as const;

/** On the kernels, through the built library: a step of several tokens must have the logits of single steps to the bit. */
describe('speculation with the embedded model', () => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(embedded, { nCtx: 256, draft: embedded, maxSessions: 1 });
  });
  afterAll(() => model.close());

  const answer = async (options: GenerateOptions) => model.generate(prompt, { maxTokens: 32, ...options }).result;

  it.each<GenerateOptions>([
    { temperature: 0, logProbs: 1 },
    { seed: 1 },
    { seed: 2, temperature: 1.2, repeatPenalty: 1.1 },
  ])('makes the same text, log-probabilities included: %o', async (sampling) => {
    const without = await answer(sampling);
    const ways: GenerateOptions[] = [
      { speculate: 'lookup' },
      { speculate: 'lookup', nDraft: 7 },
      { speculate: 'draft', nDraft: 4 },
    ];
    for (const way of ways) {
      const { tokens, logProbs, speculation } = await answer({ ...sampling, ...way });
      expect(tokens).toEqual(without.tokens);
      expect(logProbs).toEqual(without.logProbs);
      if (sampling.temperature === 0 && way.nDraft) expect(speculation!.nAccepted).toBeGreaterThan(10);
    }
  });

  it('stops within a token when asked to', async () => {
    const abort = new AbortController();
    const work = model.generate(prompt, { speculate: 'lookup', nDraft: 7, temperature: 0, signal: abort.signal });
    let nPieces = 0;
    const all = (async () => {
      for await (const _ of work) if (++nPieces === 3) abort.abort();
    })();
    await expect(all).rejects.toThrow(/abort/i);
    expect((await answer({ temperature: 0, maxTokens: 4 })).tokens).toHaveLength(4);
  });
});

describe('a draft model', () => {
  it('of another vocabulary is refused', async () => {
    const opening = openModel(embedded, { nCtx: 64, draft: await storiesBlob() });
    await expect(opening).rejects.toThrow(UnsupportedError);
    await expect(opening).rejects.toThrow(/the draft model has 512 tokens, the model 49152/);
  });
});
