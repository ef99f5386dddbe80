/** Faces and tasks over models that are played: what real ones seldom do. */
import { expect, it, vi } from 'vitest';
import type { Model } from '../../src/api/model.ts';
import type { ChatMessage } from '../../src/chat/conversation.ts';
import { nameOf } from '../../src/faces/ai/given.ts';
import { languageModel } from '../../src/faces/ai/language_model.ts';
import { Session } from '../../src/faces/built_in/session.ts';
import { proofread } from '../../src/tasks/proofread.ts';
import { translate } from '../../src/tasks/translate.ts';

type Asked = { readonly messages: readonly ChatMessage[] };

/** A model that says to a conversation what `say` says; a token is a character. */
function playedModel(say: (asked: Asked, signal: AbortSignal | undefined) => Promise<string>): Model {
  const tokenize = (prompt: readonly ChatMessage[] | { readonly text: string }) => {
    const texts = 'text' in prompt ? [prompt.text] : prompt.map(({ content }) => String(content));
    return Promise.resolve(Array.from(texts.join(''), () => 1));
  };
  const generate = (asked: Asked, { signal }: { readonly signal?: AbortSignal }) => {
    const said = say(asked, signal);
    const result = said.then(() => ({ stopReason: 'eos', nForgotten: 0 }));
    result.catch(() => undefined);
    return {
      result,
      async *[Symbol.asyncIterator]() {
        yield { type: 'text', text: await said };
      },
    };
  };
  return { info: { name: 'played', nParams: 1e9, nCtx: 4096 }, tokenize, generate } as unknown as Model;
}

it('a long session leaves out whole exchanges, so that user and assistant go by turns', async () => {
  const asked: string[][] = [];
  const model = playedModel(({ messages }) => {
    asked.push(messages.map(({ role }) => role));
    return Promise.resolve('a'.repeat(10));
  });
  const made = { model, window: 100, messages: [{ role: 'system', content: 'be' }], sampling: {} };
  const session = await Session.open({ ...made, tools: undefined, signal: undefined });
  let nForgotten = 0;
  session.onOverflow = () => nForgotten++;
  for (let i = 0; i < 9; i++) await session.prompt('q'.repeat(10 + i));
  expect(nForgotten).toBeGreaterThan(2);
  for (const [first, ...roles] of asked) {
    expect(first).toBe('system');
    expect(roles.map((role, i) => role === (i % 2 === 0 ? 'user' : 'assistant'))).not.toContain(false);
  }
});

it('a stream of the AI SDK that is cancelled stops reading its prompt', async () => {
  let [isAsked, isStopped] = [false, false];
  const model = playedModel(
    (_, signal) =>
      new Promise((_, reject) => {
        isAsked = true;
        signal!.addEventListener('abort', () => {
          isStopped = true;
          reject(signal!.reason as Error);
        });
      }),
  );
  const { stream } = await languageModel(model, 'played').doStream({ prompt: [] });
  const reader = stream.getReader();
  await reader.read(); // stream-start
  await reader.read(); // response-metadata
  const next = reader.read();
  await vi.waitFor(() => expect(isAsked).toBe(true));
  await reader.cancel();
  expect([isStopped, (await next).done]).toEqual([true, true]);
});

it('texts keep what the model has nothing to say to, and what has no words', async () => {
  const asked: string[] = [];
  const model = playedModel(({ messages }) => {
    const text = String(messages.at(-1)!.content);
    asked.push(text);
    return Promise.resolve(text === 'Nothing.' ? '' : 'Something.');
  });
  const text = 'Some.\n---\n2024\nNothing.\nMore.';
  const { text: translated, nCut, nPieces } = await translate(model, text, { from: 'en', to: 'fr' });
  expect(translated).toBe('Something.\n---\n2024\nNothing.\nSomething.');
  expect([nCut, nPieces, asked]).toEqual([1, 3, ['Some.', 'Nothing.', 'More.']]);
  const corrected = await proofread(model, '---\nNothing.');
  expect([corrected.text, corrected.skipped]).toEqual(['---\nNothing.', [{ start: 4, end: 12 }]]);
});

it('what cannot be done is said in its own words', async () => {
  const model = playedModel(() => Promise.resolve('yes'));
  const wrong = { signal: {} } as never;
  await expect(proofread(model, 'x', wrong).result).rejects.toThrow('expected the signal of an AbortController');
  await expect(proofread(model, 'x', null as never).result).rejects.toThrow('the options of proofread are null');
  const made = { model, window: 100, messages: [], sampling: {}, tools: undefined, signal: undefined };
  const session = await Session.open(made);
  await expect(session.prompt('x', { responseConstraint: /yes/i })).rejects.toMatchObject({
    name: 'NotSupportedError',
  });
  expect(await session.prompt('x', { responseConstraint: /yes/gu })).toBe('yes');
  expect(nameOf(Promise.resolve(model))).toBe('thimble');
});
