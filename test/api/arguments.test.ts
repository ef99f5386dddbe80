import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, openTokenizer, UnsupportedError, type Model } from 'thimble';
import { tinyModel } from '../helpers/tiny_models.ts';

/**
 * One rule: a call that answers with a promise, or with an answer, rejects; one that returns a thing at once (`chat`, `openSession`)
 * throws. So there is one place to look for errors.
 */

const two = { temperature: 0, maxTokens: 2, ignoreEos: true } as const;
const blob = () => new Blob([tinyModel('llama-chat').slice()]);
const user = (content: unknown) => ({ role: 'user', content }) as never;

let model: Model;
beforeAll(async () => {
  model = await openModel(blob(), { nCtx: 128, threads: 1 });
});
afterAll(() => model.close());

it('tokens may come in any array, messages by themselves, and one stop text', async () => {
  const { tokens } = await model.generate([1, 2, 3], two);
  expect((await model.generate(Int32Array.of(1, 2, 3), two)).tokens).toEqual(tokens);
  const messages = [{ role: 'user', content: 'hi' }];
  expect(await model.tokenize(messages)).toEqual(await model.tokenize({ messages }));
  expect(await model.detokenize(Int32Array.of(65, 66))).toBe(await model.detokenize([65, 66]));
  expect(await model.score(Int32Array.of(1, 2, 3))).toEqual(await model.score([1, 2, 3]));
  const { text } = await model.generate([1, 2, 3], { ...two, maxTokens: 20 });
  const stop = text.slice(3, 5);
  const stopped = await model.generate([1, 2, 3], { ...two, maxTokens: 20, stop });
  expect([stopped.stopReason, stopped.text]).toEqual(['stop', text.slice(0, text.indexOf(stop))]);
  const nulls = { stop: null, seed: null, onFull: null, signal: null } as never;
  expect((await model.generate([1, 2, 3], { ...two, ...(nulls as object) })).tokens).toEqual(tokens);
});

it('an answer is as good as a promise', async () => {
  let nSettled = 0;
  const caught = await model.generate([1], { topP: 7 }).catch((error: Error) => error);
  expect(caught).toBeInstanceOf(RangeError);
  const { tokens } = await model.generate([1], two).finally(() => nSettled++);
  expect([tokens.length, nSettled]).toEqual([2, 1]);
  expect(await Promise.all([model.generate([1], two), model.generate([1], two)])).toHaveLength(2);
});

describe('a prompt of the wrong shape is refused by name', () => {
  it.each([
    [undefined, /the prompt is undefined, expected a text, tokens/],
    [null, /the prompt is null/],
    [7, /the prompt is number/],
    [new Map(), /the prompt is a Map/],
    [['a'], /a list of other things/],
    [[1, '2'], /a list of other things/],
    [{}, /the prompt is an object, expected a text/],
    [{ txt: 'a' }, /the prompt is an object/],
    [{ text: 5 }, /the prompt's text is number, expected a string/],
    [{ text: 'a', specail: true }, /unknown part of a prompt of text specail \(is it special\?\)/],
    [{ text: 'a', special: 'yes' }, /special is string, expected true or false/],
    [{ messages: 'hi' }, /messages is string, expected a list of messages/],
    [{ messages: { role: 'user' } }, /messages is an object/],
    [{ messages: [] }, /messages is empty/],
    [{ messages: ['hi'] }, /messages\[0\] is string; a message is \{ role, content \}/],
    [{ messages: [null] }, /messages\[0\] is null/],
    [
      { messages: [{ content: 'hi' }] },
      /messages\[0\].role is missing, expected user, assistant.*a message is \{ role, content \}/,
    ],
    [[{ role: 7, content: 'hi' }], /messages\[0\].role is number/],
    [[{ role: 'user' }], /messages\[0\].content is undefined, expected what the user says/],
    [[user(null)], /messages\[0\].content is null/],
    [[user(5)], /messages\[0\].content is number, expected a text/],
    [[user(['hi'])], /content\[0\] is string without a type/],
    [[user([{ type: 'text' }])], /content\[0\].text is undefined/],
    [[{ role: 'assistant', content: 'a', toolCalls: 7 }], /messages\[0\].toolCalls is number, expected a list/],
    [{ messages: [user('hi')], tools: 'x' }, /tools is string, expected a list of \{ type: 'function'/],
    [{ messages: [user('hi')], tool: [] }, /unknown part of a prompt of messages tool \(is it tools\?\)/],
    [{ messages: [user('hi')], documents: 1 }, /documents is number/],
    [{ messages: [user('hi')], templateVars: 'no' }, /templateVars is string, expected an object/],
    [{ messages: [{ role: 'user', content: 'hi', when: () => 1 }] }, /messages\[0\].when is a Function/],
  ])('%o', async (prompt, message) => {
    for (const call of [model.tokenize(prompt as never), model.generate(prompt as never).result]) {
      await expect(call).rejects.toThrow(message);
      await expect(call).rejects.toThrow(
        expect.objectContaining({ name: expect.stringMatching(/TypeError|RangeError/) }),
      );
    }
    await expect(model.logits(prompt as never, () => undefined)).rejects.toThrow(message);
  });
});

describe('content in parts, as OpenAI has it', () => {
  it('is its texts, joined', async () => {
    const parts = [
      { type: 'text', text: 'What is ' },
      { type: 'text', text: 'this?' },
    ];
    expect(await model.tokenize([user(parts)])).toEqual(await model.tokenize([user('What is this?')]));
    const chat = model.chat();
    await chat.send({ role: 'user', content: parts }, two);
    expect(chat.messages[0]).toEqual({ role: 'user', content: 'What is this?' });
    await chat.close();
  });

  it.each(['image_url', 'input_audio', 'file'])('is refused by name where it is no text: %s', async (type) => {
    const content = [{ type: 'text', text: 'What is this?' }, { type }];
    const call = model.tokenize([user(content)]);
    await expect(call).rejects.toThrow(UnsupportedError);
    await expect(call).rejects.toThrow(new RegExp(`messages\\[0\\].content\\[1\\] is of type ${type}`));
  });
});

describe('roles', () => {
  it('that no template knows are refused, with the nearest', async () => {
    const call = model.tokenize([user('hi'), { role: 'asistant', content: 'ho' }]);
    await expect(call).rejects.toThrow(TypeError);
    await expect(call).rejects.toThrow(/messages\[1\].role is "asistant" \(is it assistant\?\)/);
    await expect(model.chat().send({ role: 'human', content: 'hi' }).result).rejects.toThrow(/role is "human"/);
  });

  it('that the template spells out are fine', async () => {
    const template = ['{% for m in messages %}{% if m.role == "critic" %}!{% endif %}{{ m.content }}{% endfor %}'];
    const metadata = { 'tokenizer.chat_template': [8, template[0]] } as const;
    await using critics = await openModel(tinyModel('llama-chat', { metadata }), { nCtx: 64, threads: 1 });
    expect(await critics.detokenize(await critics.tokenize([{ role: 'critic', content: 'no' }]))).toBe('!no');
  });
});

it('tools for a template that never reads them are told in its system message; an empty list is none', async () => {
  const tools = [{ type: 'function', function: { name: 'forecast' } }];
  const messages = [user('hi')];
  const told = await model.detokenize(await model.tokenize({ messages, tools }), { special: true });
  expect(told).toMatch(/<\|im_start\|>system\n[^]*"name": "forecast"[^]*<\|im_start\|>user\nhi/);
  expect(await model.tokenize({ messages, tools: [] })).toEqual(await model.tokenize({ messages }));
});

describe('options that nobody reads are refused, with what they may be meant for', () => {
  it.each([
    [{ topk: 4 }, /unknown option of generate topk \(is it topK\?\); there are temperature, topK/],
    [{ maxToken: 4 }, /maxToken \(is it maxTokens\?\)/],
    [{ max_tokens: 4 }, /max_tokens \(is it maxTokens\?\)/],
    [{ top_p: 0.5 }, /top_p \(is it topP\?\)/],
    [{ max_new_tokens: 4 }, /max_new_tokens \(is it maxTokens\?\)/],
    [{ n_predict: 4 }, /\(is it maxTokens\?\)/],
    [{ temp: 0 }, /temp \(is it temperature\?\)/],
    [{ repetition_penalty: 1 }, /\(is it repeatPenalty\?\)/],
    [{ stopSequences: [] }, /\(is it stop\?\)/],
    [{ abortSignal: 1 }, /\(is it signal\?\)/],
    [{ system: 'be kind' }, /unknown option of generate system \(it belongs to chat\)/],
    [{ nCtx: 64 }, /nCtx \(it belongs to openModel\)/],
    [{ n_ctx: 64 }, /is it nCtx, which belongs to openModel\?/],
    [{ banana: 1 }, /unknown option of generate banana; there are/],
  ])('generate: %o', async (options, message) => {
    await expect(model.generate([1], options as never).result).rejects.toThrow(TypeError);
    await expect(model.generate([1], options as never).result).rejects.toThrow(message);
    const session = model.openSession();
    await expect(session.generate([1], options as never).result).rejects.toThrow(message);
  });

  it('everywhere else', async () => {
    const open = (options: object) => openModel(blob(), options);
    await expect(open({ nctx: 64 })).rejects.toThrow(
      /option of openModel nctx \(is it nCtx\?\); there are nCtx, kvType/,
    );
    await expect(open({ contextSize: 64 })).rejects.toThrow(/\(is it nCtx\?\)/);
    await expect(open({ temperature: 0 })).rejects.toThrow(/temperature \(it belongs to chat\)/);
    await expect(openTokenizer(blob(), { signl: 1 } as never)).rejects.toThrow(/\(is it signal\?\)/);
    await expect(model.tokenize('a', { special: true } as never)).rejects.toThrow(/belongs to a prompt of text/);
    await expect(model.detokenize([1], { specials: true } as never)).rejects.toThrow(/\(is it special\?\)/);
    await expect(model.logits([1], () => 0, { sig: 1 } as never)).rejects.toThrow(/unknown option of logits sig/);
    await expect(model.score([1, 2], { first_row: 1 } as never)).rejects.toThrow(/\(is it firstRow\?\)/);
    await expect(model.chat().send('hi', { system: 'x' } as never).result).rejects.toThrow(/option of send system/);
    expect(() => model.chat({ sytem: 'x' } as never)).toThrow(/option of chat sytem \(is it system\?\)/);
    expect(() => model.openSession({ nCtx: 5 } as never)).toThrow(/it belongs to openModel\); there are none/);
  });
});

describe('values of the wrong kind', () => {
  const signal = AbortSignal.abort();
  it.each([
    ['stop', 5, /stop is number, expected a text or a list of texts/],
    ['stop', [5], /stop is a list of other things/],
    ['stop', /x/, /stop is a RegExp/],
    ['stop', '', /stop holds an empty text/],
    ['stop', ['a', ''], /stop holds an empty text/],
    ['signal', {}, /signal is an object, expected the signal of an AbortController/],
    ['signal', new AbortController(), /signal is an AbortController/],
    ['onPrefill', 'x', /onPrefill is string, expected a function/],
    ['ignoreEos', 'no', /ignoreEos is string, expected true or false/],
    ['logitBias', { 5: 1 }, /logitBias is an object, expected a list/],
    ['logitBias', [5], /logitBias holds number, expected pairs of \[token, bias\]/],
    ['dryBreakers', 'x', /dryBreakers is string, expected a list/],
    ['maxTokens', '5', /maxTokens is string, expected a number/],
    ['temperature', () => 1, /cannot be sent to the engine's thread/],
  ])('of %s: %o', async (name, value, message) => {
    const call = model.generate([1], { [name]: value } as never).result;
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toThrow(
      expect.objectContaining({ name: expect.stringMatching(/TypeError|RangeError/) }),
    );
  });

  it('of everything else', async () => {
    await expect(model.generate([1], null as never).result).rejects.toThrow(
      /options of generate are null, expected an object/,
    );
    await expect(model.generate([1], 5 as never).result).rejects.toThrow(/are number/);
    await expect(model.logits([1], undefined as never)).rejects.toThrow(/onRows is undefined, expected a function/);
    await expect(model.logits([1], () => 0, signal as never)).rejects.toThrow(/write \{ signal \}/);
    await expect(model.detokenize('abc' as never)).rejects.toThrow(/tokens is string, expected a list of tokens/);
    await expect(model.detokenize(['a'] as never)).rejects.toThrow(/tokens\[0\] is string/);
    await expect(model.score(undefined as never)).rejects.toThrow(/the prompt is undefined/);
    await expect(model.score('a', { continuations: 'b' } as never)).rejects.toThrow(
      /continuations is string, expected a list/,
    );
    await expect(model.score('a', { continuations: [['b']] } as never)).rejects.toThrow(/tokens\[0\] is string/);
    await expect(model.detokenize([1e9])).rejects.toThrow(/token 1000000000|expected 0 to/);
    await expect(model.generate([1.5]).result).rejects.toThrow(/token 0 of the prompt is 1.5/);
    expect(() => model.chat({ system: 1 } as never)).toThrow(/system is number, expected a text/);
    expect(() => model.chat({ system: 1 } as never)).toThrow(TypeError);
    expect(() => model.chat({ messages: 'hi' } as never)).toThrow(/messages is string/);
    expect(() => model.chat({ messages: [{ content: 'hi' }] } as never)).toThrow(/messages\[0\].role is missing/);
    expect(() => model.chat({ tools: 'x' } as never)).toThrow(/tools is string/);
    expect(() => model.chat({ stop: 5 } as never)).toThrow(/stop is number/);
    expect(() => model.chat(null as never)).toThrow(/options of chat are null/);
    for (const message of [undefined, null, 5, ['a']])
      await expect(model.chat().send(message as never).result).rejects.toThrow(
        /message is (undefined|null|number|a list)/,
      );
    await expect(openModel(undefined as never)).rejects.toThrow(/the model source is undefined, expected a path/);
    await expect(openModel(5 as never)).rejects.toThrow(TypeError);
    await expect(openModel([])).rejects.toThrow(/an empty list/);
    await expect(openModel('')).rejects.toThrow(/is an empty text, expected a path/);
    const chat = model.chat();
    chat.messages.push({ role: 'user' });
    await expect(chat.send('hi').result).rejects.toThrow(/messages\[0\].content is undefined/);
    await expect(openModel(['a.gguf'] as never)).rejects.toThrow(/the model source is string/);
    await expect(openModel(blob(), { signal: 1 } as never)).rejects.toThrow(/signal is number/);
    await expect(openModel(blob(), { onProgress: 1 } as never)).rejects.toThrow(/onProgress is number/);
  });

  it('of saved sessions; any bytes are fine', async () => {
    await using session = model.openSession();
    await session.generate([1, 2, 3], two);
    for (const bytes of [undefined, null, 'text', 7, {}, [1, 2]]) {
      await expect(session.restore(bytes as never)).rejects.toThrow(TypeError);
      await expect(session.restore(bytes as never)).rejects.toThrow(/expected the bytes that save\(\) made/);
    }
    await expect(session.restore('text' as never)).rejects.toThrow(/without an encoding/);
    const saved = await session.save();
    await session.restore(saved);
    await session.restore(saved.slice().buffer);
    await session.restore(Buffer.from(saved));
    await session.restore(runInNewContext('Uint8Array.from(saved)', { saved }) as Uint8Array);
  });
});

describe('the stack of an error shows the line that called', () => {
  const here = /arguments\.test\.ts/;
  const calls: [string, () => PromiseLike<unknown>][] = [
    ['generate, checked here', () => model.generate([1], { topk: 1 } as never)],
    ['generate, checked by the engine', () => model.generate([1], { topP: 7 })],
    ['result', () => model.generate([1], { topP: 7 }).result],
    ['a prompt that is too long', () => model.generate(Array.from({ length: 500 }, () => 1))],
    ['tokenize', () => model.tokenize(5 as never)],
    ['tokenize, by the engine', () => model.tokenize([{ role: 'nobody', content: 'hi' }])],
    ['score', () => model.score([1, 2], { firstRow: -1 })],
    ['logits', () => model.logits([1e9], () => undefined)],
    ['chat', () => model.chat().send('hi', { topP: 7 })],
    ['restore', () => model.openSession().restore(new Uint8Array(9))],
    ['openModel', () => openModel(new Blob(['no model']))],
    ['openModel, options', () => openModel(blob(), { nCtx: -1 })],
    ['openTokenizer', () => openTokenizer(new Blob(['no model']))],
    [
      'a loop',
      async () => {
        for await (const _ of model.generate([1], { topP: 7 })) break;
      },
    ],
  ];
  it.each(calls)('%s', async (_, call) => {
    const error = await call().then(
      () => undefined,
      (error: Error) => error,
    );
    expect(error).toBeInstanceOf(Error);
    expect(error!.stack).toMatch(here);
    expect(error!.stack!.startsWith(`${error!.name}: ${error!.message}`)).toBe(true);
  });

  it('also when the model is closed already', async () => {
    const other = await openModel(blob(), { nCtx: 64, threads: 1 });
    await other.close();
    const error = await other.tokenize('a').catch((error: Error) => error);
    expect((error as Error).stack).toMatch(here);
  });
});
