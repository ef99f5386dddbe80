import { beforeAll, describe, expect, it } from 'vitest';
import { openModel, ResourceError, type Model } from 'thimble';
import { tinyModel, types } from '../helpers/tiny_models.ts';

const greedy = { temperature: 0, ignoreEos: true } as const;
const few = { ...greedy, maxTokens: 4 } as const;
const bytes = tinyModel('llama-chat');
const open = (options: object = {}): Promise<Model> => openModel(bytes, { nCtx: 256, threads: 1, ...options });

describe('await using', () => {
  it('closes a chat, a session and a model at the end of their block', async () => {
    let kept: Model;
    {
      await using model = await open({ maxSessions: 1 });
      kept = model;
      {
        await using chat = model.chat();
        await chat.send('hi', few);
      }
      {
        await using session = model.openSession(); // the only place is free again
        expect((await session.generate('a', few)).tokens).toHaveLength(4);
      }
      expect((await model.generate('a', few)).tokens).toHaveLength(4);
    }
    await expect(kept.tokenize('a')).rejects.toThrow(/the model is closed/);
  });
});

describe('a model opened for one session', () => {
  let model: Model;
  beforeAll(async () => {
    model = await open({ maxSessions: 1 });
    return () => model.close();
  });

  it('scores and makes logits after it has generated, and generates the same text again', async () => {
    const first = await model.generate('abc', few);
    const scores = await model.score([1, 2, 3]);
    expect(scores).toHaveLength(2);
    expect((await model.generate('abc', few)).tokens).toEqual(first.tokens);
    let nRows = 0;
    await model.logits([1, 2, 3], (rows) => (nRows += rows.length / model.info.nVocab));
    expect(nRows).toBe(3);
    expect((await model.generate('abc', few)).tokens).toEqual(first.tokens);
  });

  it('reuses what it has read as long as nobody needs the place', async () => {
    await model.generate('abcdefgh', few);
    expect((await model.generate('abcdefgh', few)).nReusedTokens).toBeGreaterThan(4);
    await model.score([1, 2, 3]);
    expect((await model.generate('abcdefgh', few)).nReusedTokens).toBe(0);
  });

  it('chats after it has generated; then there is no room for generate until the chat is closed', async () => {
    await model.generate('abc', few);
    const chat = model.chat();
    await chat.send('hi', few);
    const refused = model.generate('abc', few);
    await expect(refused.result).rejects.toThrow(ResourceError);
    await expect(refused.result).rejects.toThrow(
      /1 chats and sessions are open, and the model was opened for 1; close one/,
    );
    await expect(model.score([1, 2])).rejects.toThrow(/close one \(await chat.close\(\)/);
    await chat.close();
    expect((await model.generate('abc', few)).tokens).toHaveLength(4);
  });

  it('closes a session that never opened', async () => {
    const chat = model.chat();
    await chat.send('hi', few);
    const session = model.openSession();
    await expect(session.generate('a', few).result).rejects.toThrow(ResourceError);
    await session.close();
    const pending = session.generate('a', few);
    await session.close(); // while it is being opened, and fails
    await expect(pending.result).rejects.toThrow(ResourceError);
    await chat.close();
    expect((await session.generate('a', few)).tokens).toHaveLength(4);
    await session.close();
  });
});

it('says what to close when there are more chats than places', async () => {
  await using model = await open();
  const chats = Array.from({ length: 5 }, () => model.chat());
  for (const chat of chats.slice(0, 4)) await chat.send('hi', few);
  const fifth = chats[4]!.send('hi', few);
  await expect(fifth.result).rejects.toThrow(
    /4 chats and sessions are open, and the model was opened for 4; close one .*larger maxSessions/,
  );
  await chats[0]!.close();
  expect((await chats[4]!.send('hi', few)).tokens).toHaveLength(4);
});

describe('a chat with several system messages', () => {
  const said = Array.from({ length: 12 }, (_, i) => [
    { role: 'user', content: `question ${i} with some words` },
    { role: 'assistant', content: `answer ${i} with some words` },
  ]).flat();

  it('keeps them all when it forgets its oldest exchanges, wherever they stand', async () => {
    await using model = await open();
    const middle = { role: 'system', content: 'be brief' };
    const messages = [{ role: 'system', content: 'be glad' }, ...said.slice(0, 4), middle, ...said.slice(4)];
    const chat = model.chat({ system: 'be kind', messages, ...few, onFull: 'shift' });
    const { nForgotten, nPromptTokens } = await chat.send('the last question');
    expect(nForgotten).toBeGreaterThan(4);
    expect(nForgotten % 2).toBe(0);
    const system = ['be kind', 'be glad', 'be brief'].map((content) => ({ role: 'system', content }));
    const sent = [...system, ...said.slice(nForgotten), { role: 'user', content: 'the last question' }];
    expect(await model.tokenize(sent)).toHaveLength(nPromptTokens);
    const { nReusedTokens } = await chat.send('and'); // goes on from there
    expect(nReusedTokens).toBeGreaterThan(nPromptTokens - 5);
  });

  it('keeps those in front when it is cleared', async () => {
    await using model = await open();
    const chat = model.chat({ system: 'be kind', messages: [{ role: 'system', content: 'be glad' }, ...said] });
    chat.clear();
    expect(chat.messages.map(({ content }) => content)).toEqual(['be kind', 'be glad']);
  });
});

it('a model with a very long name has sessions that can be saved and restored', async () => {
  const metadata = { 'general.name': [types.string, 'x'.repeat(100_000)] } as const;
  await using model = await openModel(tinyModel('llama', { metadata }), { nCtx: 64, threads: 1 });
  await using session = model.openSession();
  await session.generate([1, 2, 3], few);
  await session.restore(await session.save());
});
