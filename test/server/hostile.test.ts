/** Requests that ask for too much, that leave, or that come from elsewhere. */
import { describe, expect, it, vi } from 'vitest';
import type { GenerateResult } from '../../src/protocol/generation.ts';
import { createHandler, type RequestNote } from '../../src/server/handler.ts';
import { HttpError, refusalOf } from '../../src/server/http_error.ts';
import { asFetch } from '../../src/server/model_fetch.ts';
import type { Served, ServedModel, ServedOptions } from '../../src/server/served.ts';
import { chat, handlerOf, path, played, result, said } from './played.ts';

const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body) });
const over = ({ signal }: ServedOptions, then: () => void): void => {
  if (signal!.aborted) then();
  signal!.addEventListener('abort', then);
};

const withTokens = (model: ServedModel, more: object): ServedModel => ({ ...model, ...more }) as unknown as ServedModel;

describe('requests that ask for much', () => {
  it('are refused: many texts to look for, many texts between tokens', async () => {
    const { fetch } = handlerOf(played([said('x')]).model);
    const breakers = Array.from({ length: 65 }, (_, i) => `a${i}`);
    expect((await fetch('/completion', post({ prompt: 'x', dry_sequence_breakers: breakers }))).status).toBe(400);
    const pieces = [1, ...Array.from({ length: 1001 }, () => 'a')];
    for (const [path, body] of [
      ['/completion', { prompt: pieces }],
      ['/v1/completions', { prompt: [pieces] }],
      ['/v1/embeddings', { input: [pieces] }],
    ] as const) {
      const response = await fetch(path, post(body));
      expect(response.status, path).toBe(400);
      expect(await response.text()).toContain('at most 1000 texts between tokens');
    }
  });

  it('ask for the bytes of each token once', async () => {
    const asked: number[][] = [];
    const model = withTokens(played([]).model, {
      tokenize: () => Promise.resolve([5, 6, 5, 5]),
      tokenBytes(tokens: number[]) {
        asked.push(tokens);
        return Promise.resolve(tokens.map((token) => Uint8Array.of(60 + token)));
      },
    });
    const response = await handlerOf(model).fetch('/tokenize', post({ content: 'x', with_pieces: true }));
    const { tokens } = (await response.json()) as { tokens: { piece: string }[] };
    expect(tokens.map(({ piece }) => piece).join('')).toBe('ABAA');
    expect(asked).toEqual([[5, 6]]);
  });

  it('read an echo once, however many answers there are to it', async () => {
    let nRead = 0;
    const { model } = played([]);
    const reading = withTokens(model, {
      info: { ...model.info, nVocab: 2 },
      openSession: () => ({ close: () => Promise.resolve() }),
      tokenize: () => Promise.resolve([1, 1]),
      tokenBytes: (tokens: number[]) => Promise.resolve(tokens.map(() => Uint8Array.of(65))),
      logits(_: unknown, onRows: (rows: Float32Array) => void) {
        nRead++;
        onRows(new Float32Array(4));
        return Promise.resolve();
      },
    });
    const body = { prompt: 'AA', echo: true, logprobs: 0, n: 5, max_tokens: 0 };
    const { choices } = (await (await handlerOf(reading).fetch('/v1/completions', post(body))).json()) as {
      choices: { logprobs: object }[];
    };
    expect(choices).toHaveLength(5);
    expect(choices[4]!.logprobs).toMatchObject({ tokens: ['A', 'A'], text_offset: [0, 1] });
    expect(nRead).toBe(1);
  });
});

describe('parameters', () => {
  it('that mean the same are taken at the least of them', async () => {
    const { model, log } = played([said('x')]);
    await handlerOf(model).fetch(path, chat({ max_completion_tokens: 5, max_tokens: 100 }));
    expect(log.options[0]!.maxTokens).toBe(5);
  });

  it('that switch thoughts off do so under all names that templates have for it', async () => {
    const { model, log } = played([said('x')]);
    const { fetch } = handlerOf(model);
    await fetch(path, chat({ reasoning_effort: 'none' }));
    await fetch('/v1/responses', post({ input: 'x', reasoning: { effort: 'minimal' } }));
    await fetch('/api/chat', chat({ model: 'x', think: false }));
    const off = { enable_thinking: false, thinking: false, thinking_mode: 'disabled' };
    const low = { enable_thinking: true, thinking: true, thinking_mode: 'enabled', reasoning_effort: 'low' };
    expect(log.prompts).toMatchObject([off, low, off].map((templateVars) => ({ templateVars })));
  });

  it.each([
    ['/completion', { prompt: 'x', n_predict: 0 }, "'n_predict' is 0"],
    ['/rerank', { query: 'x', documents: ['a'], texts: ['b'] }, 'give one of them'],
    ['/api/generate', { model: 'x', prompt: 'x', system: 'be' }, 'has no chat template'],
    ['/api/generate', { model: 'x', prompt: 'x', think: true }, 'has no chat template'],
    ['/api/embed', { model: 'x', input: 'x', options: { num_ctx: 1e6 } }, 'num_ctx is 1000000'],
  ])('of %s that cannot be done are refused: %j', async (path, body, why) => {
    const { model } = played([]);
    const other = withTokens(model, { info: { ...model.info, noChat: 'none', embeds: path === '/api/embed' } });
    const response = await handlerOf(other).fetch(path, post(body));
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(why)]);
  });
});

describe('prompts that are text', () => {
  it('have the control tokens that templates write; texts that are embedded have none', async () => {
    const { model, log } = played([said('x')]);
    const asked: unknown[] = [];
    const special = withTokens(model, {
      info: { ...model.info, bosToken: 1, embeds: true },
      tokenize(prompt: unknown) {
        asked.push(prompt);
        return Promise.resolve([7]);
      },
      embed: (texts: unknown[]) => Promise.resolve(texts.map(() => new Float32Array(1))),
    });
    const { fetch } = handlerOf(special);
    const text = '<|im_start|>user';
    for (const path of ['/completion', '/v1/completions'])
      for (const prompt of [text, [[3, text]]]) {
        const reader = (await fetch(path, post({ prompt, stream: true }))).body!.getReader();
        await reader.read();
        await reader.cancel();
      }
    const whole = { text, special: true, bos: true };
    expect(log.prompts).toEqual([whole, [3, 7], whole, [3, 7]]);
    expect(asked).toContainEqual({ text, special: true });
    asked.length = 0;
    await fetch('/v1/embeddings', post({ input: [[3, text]] }));
    expect(asked[0]).toEqual({ text, special: false });
  });
});

describe('clients that leave', () => {
  const aborted: GenerateResult = { ...result, tokens: [], stopReason: 'abort' };

  /** A model that reads its prompt until it is stopped; the answer then has a result, as the library's do. */
  function reading() {
    const generate = (_: unknown, options: ServedOptions) => {
      const made = new Promise<GenerateResult>((resolve) => over(options, () => resolve(aborted)));
      async function* answer() {
        await made;
        options.signal!.throwIfAborted();
      }
      return { result: made, [Symbol.asyncIterator]: () => answer() };
    };
    const { model } = played([]);
    return withTokens(model, { openSession: () => ({ generate, close: () => Promise.resolve() }) });
  }

  it('before the prompt was read hold nothing, and are told as fetch tells them', async () => {
    const { fetch, drain, nHeld, slots } = handlerOf(reading());
    const controller = new AbortController();
    const asking = fetch(path, { ...chat({ stream: true }), signal: controller.signal });
    await vi.waitFor(() => expect(slots.nBusy).toBe(1));
    controller.abort();
    await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    await drain();
    expect([nHeld(), slots.nBusy]).toEqual([0, 0]);
  });

  it('get a status where the time was over before the prompt was read', async () => {
    const { fetch } = handlerOf(reading(), { timeoutMs: 10 });
    expect((await fetch(path, chat({ stream: true }))).status).toBe(504);
  });

  it('in the middle of a stream find it broken off, without a last event', async () => {
    const wait = (i: number, options: ServedOptions) =>
      i === 0 ? Promise.resolve() : new Promise<void>((resolve) => over(options, resolve));
    const { fetch, drain } = handlerOf(played([said('a'), said('b')], wait).model);
    const controller = new AbortController();
    const mine = new Error('mine');
    const response = await fetch(path, { ...chat({ stream: true }), signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.read();
    const next = reader.read();
    controller.abort(mine);
    await expect(next).rejects.toBe(mine);
    await drain();
  });

  it('or are too late, stand so in the log, also where the answer had begun', async () => {
    const notes: RequestNote[] = [];
    const wait = (_: number, options: ServedOptions) => new Promise<void>((resolve) => over(options, resolve));
    const onRequest = (note: RequestNote) => void notes.push(note);
    const { fetch, drain } = handlerOf(played([said('a')], wait).model, { timeoutMs: 20, onRequest });
    await (await fetch(path, chat({ stream: true }))).text();
    await drain();
    expect(notes[0]!.error).toContain('took longer');
  });

  it('in the middle of their body are counted as gone', async () => {
    const notes: RequestNote[] = [];
    const { fetch, drain } = handlerOf(played([]).model, { onRequest: (note) => notes.push(note) });
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      pull(half) {
        controller.abort();
        half.error(new Error('ECONNRESET'));
      },
    });
    const init = { method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit;
    await expect(fetch(path, init)).rejects.toMatchObject({ name: 'AbortError' });
    await Promise.all([drain(), drain()]);
    expect(notes).toMatchObject([{ status: 499 }]);
  });

  it('in the middle of their body are ended by the time, too', async () => {
    const { fetch, drain } = handlerOf(played([said('x')]).model, { timeoutMs: 20 });
    const body = new ReadableStream<Uint8Array>({ start: (half) => half.enqueue(Uint8Array.of(123)) });
    const response = await fetch(path, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(response.status).toBe(504);
    await drain();
  });
});

describe('pages of other sites', () => {
  const from = (site: string) => ({ headers: { 'Sec-Fetch-Site': site } });

  it('reach nothing by requests that have no Origin, but that somebody is there', async () => {
    const { fetch, nHeld } = handlerOf(played([]).model, { origins: [] });
    for (const site of ['cross-site', 'same-site'])
      for (const path of ['/slots?model=big', '/props', '/v1/models'])
        expect((await fetch(path, from(site))).status, path).toBe(403);
    expect(nHeld()).toBe(0);
    expect((await fetch('/health', from('cross-site'))).status).toBe(200);
    expect((await fetch('/v1/models', from('none'))).status).toBe(200);
    expect((await fetch('/v1/models', from('same-origin'))).status).toBe(200);
    expect((await handlerOf(played([]).model).fetch('/v1/models', from('cross-site'))).status).toBe(200);
  });
});

describe('answers that were cut', () => {
  it('say so to llama-server’s clients', async () => {
    const { model } = played([said('x')], undefined, { stopReason: 'stop', nForgotten: 3 });
    const detokenize = () => Promise.resolve('x');
    const { fetch } = handlerOf(withTokens(model, { tokenize: () => Promise.resolve([1]), detokenize }));
    const answered = await (await fetch('/completion', post({ prompt: 'x', stop: 'y' }))).json();
    expect(answered).toMatchObject({ truncated: true, stop_type: 'word', stopping_word: 'y' });
  });

  it('within a call hand out none, where it would look whole', async () => {
    const call = { type: 'tool_call', index: 0, id: 'call_1', name: 'pay', arguments: '{"to": "Par' } as const;
    const { fetch } = handlerOf(played([call], undefined, { stopReason: 'stop', toolCalls: [] }).model);
    const tools = [{ type: 'function', function: { name: 'pay', parameters: {} } }];
    for (const stream of [true, false]) {
      const said = await (await fetch('/api/chat', chat({ model: 'x', tools, stream }))).text();
      expect(said).toContain('"done":true');
      expect(said).not.toContain('tool_calls');
      const chatted = await (await fetch(path, chat({ tools, stream }))).text();
      expect(chatted).toContain('"finish_reason":"stop"');
    }
  });

  it('tell the log-probabilities of every token of the text, and of none of the thoughts', async () => {
    const spelled = ['<think>', 'Hm', '.', '</think>', '\n', 'S', 'ay', ' \u00f0', '\u009f', '!', ''];
    const bytes = spelled.map((each) => Uint8Array.from(each, (letter) => letter.charCodeAt(0)));
    const { model } = played(
      [{ type: 'thinking', text: 'Hm.' }, said(''), said('Say'), said(''), said(' \u{1f642}!')],
      (i, { onLogProbs }) => {
        const at = [4, 5, 7, 9, 11][i]!; // tokens run ahead of what is read
        for (let token = i === 0 ? 0 : [4, 5, 7, 9][i - 1]!; token < at; token++)
          onLogProbs!({ token, logProb: 0, top: [] });
        return Promise.resolve();
      },
    );
    const scoring = withTokens(model, {
      tokenize: () => Promise.resolve([1]),
      tokenBytes: (tokens: number[]) => Promise.resolve(tokens.map((token) => bytes[token]!)),
    });
    const body = { input: 'Hi', include: ['message.output_text.logprobs'] };
    const { output } = (await (await handlerOf(scoring).fetch('/v1/responses', post(body))).json()) as {
      output: { content: { logprobs: { id: number }[] }[] }[];
    };
    expect(output[1]!.content[0]!.logprobs.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it('have offsets of the tokens, where these run ahead of the text', async () => {
    const { model } = played([said('a'), said('b'), said('c')], (i, { onLogProbs }) => {
      for (const token of [[65, 66, 67], [], [68]][i]!) onLogProbs!({ token, logProb: 0, top: [] });
      return Promise.resolve();
    });
    const scoring = withTokens(model, {
      tokenBytes: (tokens: number[]) => Promise.resolve(tokens.map((token) => Uint8Array.of(token))),
    });
    const response = await handlerOf(scoring).fetch(
      '/v1/completions',
      post({ prompt: 'x', logprobs: 0, stream: true }),
    );
    const offsets = [...(await response.text()).matchAll(/"text_offset":\[([^\]]*)\]/g)].map(([, all]) => all);
    expect(offsets.filter((each) => each !== '').join()).toBe('0,1,2,3');
  });

  it('have offsets in the text, where several tokens make a character', async () => {
    const { model } = played([said('ü😀b')], (_, { onLogProbs }) => {
      for (let token = 0; token < 7; token++) onLogProbs!({ token, logProb: 0, top: [] });
      return Promise.resolve();
    });
    const bytes = new TextEncoder().encode('ü😀b');
    const scoring = withTokens(model, {
      tokenBytes: (tokens: number[]) => Promise.resolve(tokens.map((token) => bytes.subarray(token, token + 1))),
    });
    const response = await handlerOf(scoring).fetch('/v1/completions', post({ prompt: 'x', logprobs: 0 }));
    const { choices } = (await response.json()) as { choices: { text: string; logprobs: { text_offset: number[] } }[] };
    expect([choices[0]!.text, choices[0]!.logprobs.text_offset]).toEqual(['ü😀b', [0, 0, 1, 1, 1, 1, 3]]);
  });
});

it('a download may take longer than an answer', async () => {
  const served: Served = {
    list: () => Promise.resolve([]),
    running: () => [],
    hold: () => Promise.reject(new Error('no model')),
    look: () => Promise.resolve(undefined),
    pull: (_, onProgress, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        onProgress({ doneBytes: 1, totalBytes: 2 });
        setTimeout(resolve, 60);
      }),
  };
  const fetch = asFetch(createHandler(served, { timeoutMs: 10 }));
  expect(await (await fetch('/api/pull', post({ model: 'x' }))).text()).toContain('{"status":"success"}');
});

it('what JavaScript itself throws is no mistake of the client, and neither is a model that was closed', () => {
  const status = (error: Error): unknown => {
    const refused = refusalOf(error);
    return refused instanceof HttpError ? refused.status : refused === error;
  };
  expect(status(new RangeError('temperature is 7, expected 0 to 2'))).toBe(400);
  expect(status(new RangeError('Array buffer allocation failed'))).toBe(true);
  expect(status(new TypeError("Cannot read properties of undefined (reading 'x')"))).toBe(true);
  expect(status(new TypeError('fetch failed'))).toBe(true);
  expect(status(new TypeError('the model is closed; open it again'))).toBe(503);
});

describe('what nobody expected', () => {
  const question = { messages: [{ role: 'user', content: 'Hi' }] };
  const ask = async (body: unknown, headers: Record<string, string> = {}) => {
    const { model, log } = played([said('x')]);
    const { fetch } = handlerOf(withTokens(model, { info: { ...model.info, nVocab: 10 } }));
    const text = body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await fetch(path, { method: 'POST', body: text as BodyInit, headers });
    const { error } = (await response.json()) as { error?: { message: string; param: string | null } };
    return { status: response.status, error, log };
  };

  it.each([
    [{ ...question, temperature: '0.5' }, `'temperature' is "0.5", expected a number from 0 to 100`, 'temperature'],
    [{ ...question, top_p: 2 }, "'top_p' is 2, expected a number from 0 to 1", 'top_p'],
    [{ ...question, messages: [] }, "'messages' is an empty list, expected at least one message", 'messages'],
    [{ ...question, logit_bias: { 10: 1 } }, "'logit_bias' is 10, expected a whole number from 0 to 9", 'logit_bias'],
    [{ ...question, logit_bias: { 1: 1e9 } }, "'logit_bias[0]' is 1000000000, expected a number from -1000000 to 1000000", 'logit_bias[0]'], // prettier-ignore
    [{ ...question, web_search_options: {} }, "'web_search_options' is not supported: nothing is looked up on the web", 'web_search_options'], // prettier-ignore
  ])('is refused in the words of the API: %j', async (body, message, param) => {
    const { status, error } = await ask(body);
    expect({ status, error }).toMatchObject({ status: 400, error: { message, param } });
  });

  it('is refused where a body is not what it seems: compressed, or of another character set', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(question));
    const packed = await ask(bytes, { 'Content-Encoding': 'gzip' });
    expect(packed).toMatchObject({
      status: 415,
      error: { message: 'the body is gzip, expected JSON without Content-Encoding' },
    });
    const wide = await ask(bytes, { 'Content-Type': 'application/json; charset=UTF-16' });
    expect(wide).toMatchObject({ status: 415, error: { message: 'the body is UTF-16, expected JSON in UTF-8' } });
    const plain = await ask(bytes, {
      'Content-Type': 'application/json; charset="utf-8"',
      'Content-Encoding': 'identity',
    });
    expect(plain.status).toBe(200);
  });

  it('takes no arguments: a function whose parameters are left out', async () => {
    const tools = [{ type: 'function', function: { name: 'now' } }];
    const { log } = await ask({ ...question, tools });
    const parameters = { type: 'object', properties: {}, additionalProperties: false };
    expect(log.prompts).toMatchObject([{ tools: [{ function: { name: 'now', parameters } }] }]);
  });
});
