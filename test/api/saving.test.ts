import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, openModel, type ChatOptions, type Model, type SendOptions } from 'thimble';
import { tinyModel } from '../helpers/tiny_models.ts';

/** What is saved of answers in the middle, and goes on elsewhere to the text that there would have been. */

const bytes = tinyModel('llama-chat');
const open = (options: object = {}): Promise<Model> => openModel(bytes, { nCtx: 512, threads: 1, ...options });

let model: Model;
let elsewhere: Model;
beforeAll(async () => void ([model, elsewhere] = await Promise.all([open(), open()])));
afterAll(() => Promise.all([model.close(), elsewhere.close()]));

const seeded: SendOptions = { seed: 7, temperature: 0.9, repeatPenalty: 1.1, maxTokens: 80, ignoreEos: true };
const system = 'You are brief.';

/** Leaves an answer after some pieces, as a page that is lost does; what was saved last is all that there is. */
async function interrupted(options: ChatOptions, nPieces: number, by: 'onSave' | 'save') {
  const chat = model.chat({ system, ...options });
  await chat.send('one', { ...seeded, maxTokens: 8 });
  let saved: Uint8Array | undefined;
  let nSeen = 0;
  const answer = chat.send('two', { ...seeded, onSave: (bytes) => (saved ??= bytes) });
  for await (const _ of answer) {
    if (++nSeen < nPieces) continue;
    if (by === 'save') saved = await chat.save();
    break;
  }
  await chat.close();
  return saved!;
}

async function uninterrupted(options: ChatOptions = {}) {
  const chat = model.chat({ system, ...options });
  await chat.send('one', { ...seeded, maxTokens: 8 });
  const result = await chat.send('two', seeded);
  const { messages } = chat;
  const next = await chat.send('three', { ...seeded, maxTokens: 12 });
  await chat.close();
  return { result, messages: messages.slice(), next };
}

async function streamed(answer: AsyncIterable<string>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of answer) pieces.push(piece);
  return pieces;
}

it('a question asked while a chat is restored waits for that', async () => {
  const saved = await interrupted({}, 3, 'save');
  const chat = elsewhere.chat({ system });
  await chat.restore(saved);
  const expected = await chat.send('three', { ...seeded, maxTokens: 4 });
  const restored = chat.restore(saved);
  const { nPromptTokens, text } = await chat.send('three', { ...seeded, maxTokens: 4 });
  await restored;
  expect({ nPromptTokens, text }).toMatchObject({ nPromptTokens: expected.nPromptTokens, text: expected.text });
  const said = chat.messages.map(({ role, content }) => (role === 'assistant' ? role : content));
  expect(said).toEqual([system, 'one', 'assistant', 'three', 'assistant']);
  await chat.close();
});

describe('an answer that is interrupted', () => {
  it.each([
    ['when its prompt is read', 'onSave', 3],
    ['in the middle', 'save', 3],
    ['further on', 'save', 40],
  ] as const)('goes on elsewhere to the same text, saved %s', async (_, by, nPieces) => {
    const whole = await uninterrupted();
    const saved = await interrupted({}, nPieces, by);
    const chat = elsewhere.chat({ system });
    await chat.restore(saved);
    expect(chat.unfinished).toEqual({ role: 'user', content: 'two' });
    const answer = chat.resume();
    const pieces = await streamed(answer);
    expect(pieces.join('')).toBe(whole.result.text);
    const { text, tokens, stopReason, nPromptTokens, seed } = await answer;
    expect({ text, tokens, stopReason, nPromptTokens, seed }).toEqual({
      text: whole.result.text,
      tokens: whole.result.tokens,
      stopReason: 'length',
      nPromptTokens: whole.result.nPromptTokens,
      seed: 7,
    });
    const next = await chat.send('three', { ...seeded, maxTokens: 12 });
    expect(next.tokens).toEqual(whole.next.tokens);
    expect(chat.messages).toEqual(whole.messages);
    await chat.close();
  });

  it('is saved at once, while it is made, in few bytes', async () => {
    const session = model.openSession();
    let saved: Uint8Array | undefined;
    let nLater = 0;
    for await (const _ of session.generate('abc', { ...seeded, maxTokens: 60 })) {
      saved ??= await session.save({ state: false });
      nLater++;
    }
    expect(nLater).toBeGreaterThan(20); // it did not wait for the end
    expect(saved!.length).toBeLessThan(3000);
    await session.close();
  });

  it('begins with all that was said before, as one piece', async () => {
    const saved = await interrupted({}, 20, 'save');
    const chat = elsewhere.chat({ system });
    await chat.restore(saved);
    const [first] = await streamed(chat.resume());
    expect(first!.length).toBeGreaterThan(10);
    await chat.close();
  });

  it('goes on across stop texts, biases and a context that it outgrows', async () => {
    const how: ChatOptions = {
      ...{ onFull: 'shift', maxTokens: 500, ignoreEos: true, onLoop: 'ignore', temperature: 1, seed: 3 },
      logitBias: [[65, -Infinity]],
    };
    const small = await open({ nCtx: 128 });
    const chat = small.chat(how);
    const whole = await chat.send('one');
    expect(whole.nForgotten + whole.tokens.length).toBeGreaterThan(128);
    for (const nPieces of [5, 90, 200]) {
      const again = small.chat(how);
      let saved: Uint8Array | undefined;
      let nSeen = 0;
      for await (const _ of again.send('one')) {
        if (++nSeen < nPieces) continue;
        saved = await again.save();
        break;
      }
      await again.close();
      const other = small.chat(how);
      await other.restore(new Blob([saved!.slice()]));
      expect((await other.resume()).tokens).toEqual(whole.tokens);
      await other.close();
    }
    await small.close();
  });

  it('has log-probabilities for all of its tokens', async () => {
    const how = { ...seeded, logProbs: 2, maxTokens: 24 };
    const whole = await model.generate('abc', how);
    const session = model.openSession();
    for await (const _ of session.generate('abc', how)) break;
    const other = elsewhere.openSession();
    await other.restore(await session.save());
    expect((await other.resume({ whole: true })).logProbs).toEqual(whole.logProbs);
    await Promise.all([session.close(), other.close()]);
  });

  it('goes on where it was stopped, in the same chat, and takes the place of what was there', async () => {
    const { result, messages } = await uninterrupted();
    const chat = model.chat({ system });
    await chat.send('one', { ...seeded, maxTokens: 8 });
    for await (const _ of chat.send('two', seeded)) break;
    expect(chat.messages).toHaveLength(5);
    const { text } = await chat.resume();
    expect(text).toBe(result.text);
    expect(chat.messages).toEqual(messages.slice(0, 5));
    const longer = await chat.resume({ maxTokens: 90 });
    expect(longer.text.startsWith(text)).toBe(true);
    expect(longer.tokens).toHaveLength(90);
    await chat.close();
  });

  it('asks again where it was stopped at once', async () => {
    const { result } = await uninterrupted();
    const chat = model.chat({ system });
    await chat.send('one', { ...seeded, maxTokens: 8 });
    const stop = new AbortController();
    const stopped = chat.send('two', { ...seeded, signal: stop.signal });
    await new Promise((resolve) => setImmediate(resolve)); // it has its turn
    stop.abort();
    await stopped;
    await chat.close(); // the memory of the session, not the conversation
    expect((await chat.resume()).text).toBe(result.text);
    await chat.close();
  });

  it('cannot go on where the model ended it, it failed, or the conversation went on', async () => {
    const chat = model.chat({ system });
    await expect(chat.resume().result).rejects.toThrow(/no answer can go on here/);
    await chat.send('one', { ...seeded, maxTokens: 8 });
    await expect(chat.send('x'.repeat(5000)).result).rejects.toThrow(RangeError);
    expect(chat.unfinished).toBeUndefined();
    await chat.send('two', { ...seeded, maxTokens: 8 });
    chat.messages.push({ role: 'user', content: 'more' });
    await expect(chat.resume().result).rejects.toThrow(/messages came behind the answer/);
    await expect(chat.resume({ whole: true } as object).result).rejects.toThrow(/option of chat.resume/);
    await chat.close();
  });
});

describe('what is saved', () => {
  it('comes when the prompt is read, and at the end with the whole conversation', async () => {
    const all: Uint8Array[] = [];
    const chat = model.chat({ system, onSave: (saved) => all.push(saved) });
    const { text } = await chat.send('one', { ...seeded, maxTokens: 8 });
    expect(all.length).toBeGreaterThanOrEqual(2);
    const other = elsewhere.chat({ system });
    await other.restore(all.at(-1)!);
    expect(other.messages).toEqual([
      { role: 'system', content: system },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: text },
    ]);
    expect((await other.send('two', seeded)).text).toBe((await chat.send('two', seeded)).text);
    await Promise.all([chat.close(), other.close()]);
  });

  it('is refused where it is damaged, or of a session without a chat', async () => {
    const chat = model.chat({ system });
    await chat.send('one', { ...seeded, maxTokens: 8 });
    const saved = await chat.save();
    const damaged = saved.slice();
    damaged[damaged.length - 20]! ^= 1;
    await expect(chat.restore(damaged)).rejects.toThrow(FormatError);
    const session = model.openSession();
    await expect(chat.restore(await session.save())).rejects.toThrow(/no chat.*session\.restore/);
    await session.restore(saved); // the other way round there is a text
    await Promise.all([chat.close(), session.close()]);
  });

  it('holds what the layers hold only where that is worth its bytes', async () => {
    const session = model.openSession();
    await session.generate('abc', { ...seeded, maxTokens: 4 });
    const [text, auto, whole] = await Promise.all([
      session.save({ state: false }),
      session.save({ state: 'auto' }),
      session.save(),
    ]);
    expect(auto.length).toBe(text.length); // a short text is read again in no time
    expect(whole.length).toBeGreaterThan(text.length);
    await expect(session.save({ state: 'some' as never })).rejects.toThrow(/state is "some"/);
    await session.close();
  });
});
