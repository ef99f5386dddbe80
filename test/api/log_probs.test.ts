import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model, type ScoredToken } from 'thimble';
import { stories260kGguf } from '../helpers/stories260k.ts';

describe('tokens of an answer, told as they come', () => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(await stories260kGguf(), { threads: 1, nCtx: 128, maxSessions: 3 });
  });
  afterAll(() => model.close());

  it('come with their log-probabilities, each before its text', async () => {
    const scored: ScoredToken[] = [];
    const nKnown: number[] = [];
    const options = {
      temperature: 0,
      maxTokens: 12,
      logProbs: 2,
      onLogProbs: (each: ScoredToken) => scored.push(each),
    };
    const answer = model.generate('Once upon a time', options);
    for await (const _ of answer) nKnown.push(scored.length);
    expect(scored).toEqual((await answer).logProbs);
    expect(scored).toHaveLength(12);
    expect(nKnown[0]).toBeGreaterThan(0);
  });

  it('are told in a chat, too, and are none unless they were asked for', async () => {
    const told: ScoredToken[] = [];
    const onLogProbs = (each: ScoredToken) => void told.push(each);
    await model.generate('Once', { maxTokens: 3, onLogProbs });
    expect(told).toEqual([]);
    await using other = await openModel(await stories260kGguf(), { threads: 1, nCtx: 128, chatTemplate: 'chatml' });
    await other.chat({ onLogProbs, logProbs: 0, maxTokens: 3 }).send('Hello');
    expect(told).toHaveLength(3);
  });

  it('have bytes, which are those of the text', async () => {
    const tokens = await model.tokenize({ text: 'a 🤗 é' });
    const bytes = await model.tokenBytes(tokens);
    expect(bytes).toHaveLength(tokens.length);
    expect(Buffer.concat(bytes).toString()).toBe(' a 🤗 é');
    await expect(model.tokenBytes([512])).rejects.toThrow('token is 512, expected a whole number from 0 to 511');
  });

  it('and the model says how many sessions it has room for', () => expect(model.info.maxSessions).toBe(3));
});
