import { expect, test } from 'vitest';
import { askWithTools } from '../../src/api/tool_loop.ts';
import type { Asking, Question, Talk } from '../../src/api/talk.ts';
import type { GenerateResult } from '../../src/protocol/generation.ts';

test('an answer that is stopped before it says anything leaves no call without its result', async () => {
  const talk = { messages: [], nClears: 0, begun: {} } as unknown as Talk;
  const toolCalls = ['a', 'b'].map((id) => ({ id, name: 'weather', arguments: {} }));
  const called = { text: '', stopReason: 'eos', tokens: [], toolCalls } as unknown as GenerateResult;
  const stopped = { text: '', stopReason: 'abort', tokens: [] } as unknown as GenerateResult;
  const sink = { said: () => undefined, prefill: () => undefined, scored: () => undefined };
  const options = { tools: { weather: { run: () => 'warm' } } };
  const call = { sink, options, signal: new AbortController().signal } as unknown as Asking;
  let nAsked = 0;
  const ask = (_: Talk, { question }: Question, __: Asking): Promise<GenerateResult> => {
    if (nAsked++ > 0) return Promise.resolve(stopped);
    talk.messages.push(question, { role: 'assistant', content: '', toolCalls });
    return Promise.resolve(called);
  };
  const question = { role: 'user', content: 'hi' } as const;
  const begin = (how: Asking) => ask(talk, { question, adapters: undefined }, how);
  const { stopReason } = await askWithTools(talk, { adapters: undefined, begin }, call, ask);
  expect(stopReason).toBe('abort');
  expect(talk.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool']);
  expect(talk.begun).toBeUndefined(); // nothing can go on behind the results
});
