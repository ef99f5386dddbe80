import { afterAll, beforeAll, expect, it } from 'vitest';
import { openModel, ResourceError, type Model } from 'thimble';
import { tinyModel } from '../helpers/tiny_models.ts';

const greedy = { temperature: 0, ignoreEos: true } as const;
const endless = { ...greedy, onFull: 'shift', maxTokens: 1e6 } as const;
const prompts = Array.from({ length: 9 }, (_, i) => [i + 1, 7, 9, 4]);

let model: Model;
let alone: readonly (readonly number[])[];
beforeAll(async () => {
  model = await openModel(tinyModel('llama-chat'), { nCtx: 128, threads: 2, maxSessions: 3 });
  const answers: (readonly number[])[] = [];
  for (const prompt of prompts) answers.push((await model.generate(prompt, { ...greedy, maxTokens: 12 })).tokens);
  alone = answers;
});
afterAll(() => model.close());

it('more calls than there are places wait for one, and answer as they do alone', async () => {
  const came = await Promise.all(prompts.map((prompt) => model.generate(prompt, { ...greedy, maxTokens: 12 })));
  expect(came.map(({ tokens }) => tokens)).toEqual(alone);
});

it('an answer that never ends keeps no other from its own', async () => {
  const stop = new AbortController();
  const long = model.generate([1, 2], { ...endless, signal: stop.signal });
  for await (const _ of long) break;
  const again = model.generate([1, 2], { ...endless, signal: stop.signal });
  await using chat = model.chat();
  expect((await chat.send('hi', { ...greedy, maxTokens: 5 })).tokens).toHaveLength(5);
  expect((await model.tokenize('abc')).length).toBeGreaterThan(0);
  stop.abort();
  expect((await again).stopReason).toBe('abort');
});

it('sessions are closed, saved and stopped while others go on', async () => {
  const [one, two, three] = [model.openSession(), model.openSession(), model.openSession()];
  const stop = new AbortController();
  const first = one.generate(prompts[0]!, { ...greedy, maxTokens: 100 });
  const second = two.generate(prompts[1]!, { ...endless, signal: stop.signal });
  const third = three.generate(prompts[2]!, { ...greedy, maxTokens: 12 });
  expect((await third).tokens).toEqual(alone[2]);
  await expect(model.openSession().generate([1], greedy).result).rejects.toThrow(ResourceError);
  await three.close();
  await using four = model.openSession();
  await four.restore(await one.save({ state: false }));
  const other = four.generate(prompts[3]!, { ...greedy, maxTokens: 12 });
  stop.abort();
  expect((await second).stopReason).toBe('abort');
  expect((await other).tokens).toEqual(alone[3]);
  expect((await first).tokens.slice(0, 12)).toEqual(alone[0]);
  const closed = two.close(); // the next one takes its place as soon as it is free
  await using five = model.openSession();
  expect((await five.generate(prompts[4]!, { ...greedy, maxTokens: 12 })).tokens).toEqual(alone[4]);
  await closed;
  await one.close();
});

it('what one has read is the start of another, also of one that is asked at once', async () => {
  const start = Array.from({ length: 60 }, (_, i) => (i * 7) % 250);
  await using session = model.openSession();
  await session.generate(start, { ...greedy, maxTokens: 1 });
  const came = await model.generate([...start, 3, 4], { ...greedy, maxTokens: 4 });
  expect(came.nReusedTokens).toBe(60);
});
