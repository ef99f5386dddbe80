/** The function by itself, over models that are played. */
import { describe, expect, it, vi } from 'vitest';
import type { RequestNote } from '../../src/server/handler.ts';
import { routes } from '../../src/server/routes.ts';
import type { AnswerPart } from '../../src/chat/parts.ts';
import type { ServedOptions } from '../../src/server/served.ts';
import { chat, handlerOf, path, played, said } from './played.ts';

interface StreamChunk {
  readonly choices: readonly {
    readonly index: number;
    readonly text?: string;
    readonly delta?: { readonly content?: string | null };
  }[];
  readonly usage?: { readonly completion_tokens: number } | null;
}

describe('requests that are refused', () => {
  const { model } = played([said('ok')]);

  it('each have a status and a body in the shape of the API', async () => {
    const { fetch } = handlerOf(model);
    const of = async (path: string, init?: RequestInit) => {
      const response = await fetch(path, init);
      return { status: response.status, body: (await response.json()) as { error: unknown } };
    };
    const post = (body: string) => ({ method: 'POST', body });
    expect(await of('/v1/nothing')).toMatchObject({
      status: 404,
      body: { error: { type: 'invalid_request_error', code: 'unknown_url' } },
    });
    expect(await of('/nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 404, type: 'not_found_error' } },
    });
    expect(await of('/api/nothing')).toMatchObject({
      status: 404,
      body: { error: 'there is nothing at /api/nothing' },
    });
    expect(await of(path)).toMatchObject({ status: 405 });
    expect((await fetch(path)).headers.get('Allow')).toBe('POST');
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '"text"',
      '{"messages":"x"}',
      '{"messages":[{}]}',
      '{"messages":[{"role":"x","content":"y"}]}',
      '\u0000',
    ])
      expect(await of(path, post(body)), body).toMatchObject({
        status: 400,
        body: { error: { type: 'invalid_request_error' } },
      });
    expect(await of(path, post('{"__proto__":1}'))).toMatchObject({ status: 400 });
    expect(await of('/api/chat', post('{"model":"m","messages":7}'))).toMatchObject({
      status: 400,
      body: { error: "'messages' is 7, expected a list" },
    });
    expect(await of('/completion', post('{"prompt":[true]}'))).toMatchObject({
      status: 400,
      body: { error: { code: 400 } },
    });
  });

  it.each([
    ['top_logprobs alone', { top_logprobs: 2 }],
    ['stream_options alone', { stream_options: {} }],
    ['a choice of tools without tools', { tool_choice: 'required' }],
    ['functions of old', { functions: [{ name: 'f' }] }],
    ['sound', { modalities: ['audio'] }],
    ['tools that are no functions', { tools: [{ type: 'web_search' }] }],
    ['a format that is none', { response_format: { type: 'sound' } }],
    ['a schema that is none', { response_format: { type: 'json_schema', json_schema: { name: 'x' } } }],
    ['many choices', { n: 129 }],
    ['a bias that is none', { logit_bias: { 5: 'x' } }],
    ['mirostat 1', { mirostat: 1 }],
  ])('%s', async (_, more) => {
    const { fetch } = handlerOf(model);
    expect((await fetch(path, chat(more))).status).toBe(400);
  });

  it('values that ask for nothing are taken, null among them', async () => {
    const { fetch } = handlerOf(model);
    const nothing = {
      functions: [],
      audio: null,
      store: true,
      user: 'me',
      verbosity: 'medium',
      tools: [],
      tool_choice: 'none',
      stop: null,
      n: null,
    };
    expect((await fetch(path, chat(nothing))).status).toBe(200);
  });

  it('bodies that are too long, whatever their length is said to be', async () => {
    const { fetch } = handlerOf(model, { maxBodyBytes: 100 });
    const long = ' '.repeat(200);
    expect((await fetch(path, { method: 'POST', body: long })).status).toBe(413);
    expect((await fetch(path, { method: 'POST', body: 'x', headers: { 'Content-Length': '999' } })).status).toBe(413);
  });

  it('without a key, or with a wrong one; /health is for all', async () => {
    const { fetch } = handlerOf(model, { apiKeys: ['key', 'schlüssel €'] });
    const status = async (headers: HeadersInit) => (await fetch('/v1/models', { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ Authorization: 'Bearer kex' })).toBe(401);
    expect(await status({ Authorization: 'Bearer keykey' })).toBe(401);
    expect(await status({ Authorization: 'Bearer key' })).toBe(200);
    expect(await status({ 'X-Api-Key': 'key' })).toBe(200);
    expect(await status({ 'X-Api-Key': Buffer.from('schlüssel €').toString('latin1') })).toBe(200); // as it comes in headers
    expect((await fetch('/health')).status).toBe(200);
  });

  it('from pages that were not let in, and under names that nobody has', async () => {
    const { fetch } = handlerOf(model, { origins: ['https://app.example'], hosts: ['localhost'] });
    const of = (origin: string, method = 'GET') =>
      fetch('http://localhost/v1/models', { method, headers: { Origin: origin } });
    expect((await of('https://evil.example')).status).toBe(403);
    expect((await of('https://evil.example', 'OPTIONS')).headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect((await of('https://app.example')).headers.get('Access-Control-Allow-Origin')).toBe('https://app.example');
    const preflight = await of('https://app.example', 'OPTIONS');
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Methods')]).toEqual([
      204,
      'GET, POST, DELETE, OPTIONS',
    ]);
    const called = async (host: string) => (await fetch(`http://${host}/v1/models`)).status;
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.']) expect(await called(host)).toBe(403);
    for (const host of ['localhost', 'box', '192.168.1.7:8080', '[fe80::1]']) expect(await called(host)).toBe(200);
  });
});

describe('answers', () => {
  it('are made as they are read', async () => {
    const { model, log } = played(Array.from({ length: 50 }, (_, i) => said(`${i} `)));
    const { fetch, nHeld, slots } = handlerOf(model);
    const reader = (await fetch(path, chat({ stream: true }))).body!.getReader();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.nMade).toBe(0);
    await reader.read(); // the role
    await reader.read();
    await reader.read();
    expect(log.nMade).toBeLessThanOrEqual(3);
    expect([nHeld(), slots.nBusy]).toEqual([1, 1]);
    await reader.cancel();
    await vi.waitFor(() => expect([nHeld(), slots.nBusy]).toEqual([0, 0]));
    expect(log.options[0]!.signal!.aborted).toBe(true);
  });

  it('that fail do not say where the files of the server lie, its log does', async () => {
    const { model } = played([said('x')], () => Promise.reject(new Error("ENOENT: open '/home/ann/models/x.gguf' of C:\\Users\\ann\\y.gguf, see https://a.b/c/d, 3/4"))); // prettier-ignore
    const notes: RequestNote[] = [];
    const { fetch } = handlerOf(model, { onRequest: (note) => notes.push(note) });
    for (const where of [path, '/completion', '/api/chat']) {
      const body = JSON.stringify({
        stream: false,
        prompt: 'x',
        model: 'played',
        messages: [{ role: 'user', content: 'x' }],
      });
      const response = await fetch(where, { method: 'POST', body: where === path ? chat().body : body });
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(text).toContain("ENOENT: open 'x.gguf' of y.gguf, see https://a.b/c/d, 3/4");
      expect(text).not.toContain('ann');
    }
    expect(notes[0]!.error).toContain('/home/ann/models/x.gguf');
  });

  it('say now and then that they are still to come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let go: () => void = () => undefined;
      const { model } = played([said('a')], () => new Promise((resolve) => (go = resolve)));
      const response = await handlerOf(model).fetch(path, chat({ stream: true }));
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toContain('"role":"assistant"');
      for (let i = 0; i < 2; i++) {
        const silent = reader.read();
        await vi.advanceTimersByTimeAsync(15_000);
        expect((await silent).value).toMatch(/^: .*\n\n$/);
      }
      go();
      expect((await reader.read()).value).toContain('"content":"a"');
    } finally {
      vi.useRealTimers();
    }
  });

  it('streams several choices side by side', async () => {
    const messages = [{ role: 'user', content: 'x' }];
    for (const [where, body] of [
      ['/v1/chat/completions', { messages }],
      ['/v1/completions', { prompt: 'x' }],
    ] as const) {
      let nBegun = 0;
      let bothBegan: () => void;
      const both = new Promise<void>((resolve) => (bothBegan = resolve));
      const hold = async (i: number): Promise<void> => {
        if (i === 0 && ++nBegun === 2) bothBegan();
        if (i === 1) await both; // one after the other would never come here
      };
      const { fetch } = handlerOf(played([said('a'), said('b')], hold).model);
      const response = await fetch(where, {
        method: 'POST',
        body: JSON.stringify({ ...body, n: 2, stream: true, stream_options: { include_usage: true } }),
      });
      const events = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)].map(
        ([, json]) => JSON.parse(json!) as StreamChunk,
      );
      const of = (wanted: number) =>
        events
          .flatMap(({ choices }) => choices)
          .filter(({ index }) => index === wanted)
          .map(({ text, delta }) => text ?? delta?.content ?? '');
      expect(of(0).join('')).toBe('ab');
      expect(of(1).join('')).toBe('ab');
      expect(events.at(-1)!.usage!.completion_tokens).toBe(2);
    }
  });

  it('end when the client is gone, also before a session is free', async () => {
    const going: (() => void)[] = [];
    const go = () => going.splice(0).forEach((each) => each());
    const { model } = played([said('a'), said('b')], () => new Promise((resolve) => void going.push(resolve)));
    const notes: RequestNote[] = [];
    const { fetch, nHeld, slots } = handlerOf(model, { onRequest: (note) => notes.push(note) });
    const running = [0, 1].map(() => fetch(path, chat()));
    await vi.waitFor(() => expect(slots.nBusy).toBe(2));
    const controller = new AbortController();
    const waiting = fetch(path, { ...chat(), signal: controller.signal });
    await vi.waitFor(() => expect(slots.nWaiting).toBe(1));
    controller.abort();
    await waiting.catch(() => undefined);
    expect(slots.nWaiting).toBe(0);
    const timer = setInterval(() => go(), 1);
    await Promise.all(running);
    clearInterval(timer);
    expect(nHeld()).toBe(0);
    expect(notes.map(({ error }) => error)).toContain('the client is gone');
  });

  it('end when their time is over: with a status, or as the last event', async () => {
    const never = (_: number, { signal }: ServedOptions) =>
      new Promise<void>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const { fetch } = handlerOf(played([said('a')], never).model, { timeoutMs: 20 });
    const response = await fetch(path, chat());
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ error: { code: 'timeout' } });
    expect(await (await fetch(path, chat({ stream: true }))).text()).toContain('"code":"timeout"');
    expect(await (await fetch('/api/chat', chat({ model: 'x' }))).text()).toContain(
      '{"error":"the answer took longer than 0.02 s"}',
    );
  });

  it('wait for a session, the first first, and not too many', async () => {
    const order: number[] = [];
    const { model } = played([said('x')], () => new Promise((resolve) => setTimeout(resolve, 5)));
    const { fetch } = handlerOf(model, {}, 3);
    const all = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (i) => {
        const { status } = await fetch(path, chat());
        if (status === 200) order.push(i);
        return status;
      }),
    );
    expect(all).toEqual([200, 200, 200, 200, 200, 503]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('come to their end when the server is stopped, which takes no more', async () => {
    const going: (() => void)[] = [];
    const { model } = played([said('whole')], () => new Promise((resolve) => void going.push(resolve)));
    const { fetch, drain } = handlerOf(model);
    const running = fetch(path, chat());
    await vi.waitFor(() => expect(going).toHaveLength(1));
    const drained = drain();
    expect((await fetch(path, chat())).status).toBe(503);
    going[0]!();
    expect(await (await running).text()).toContain('whole');
    await drained;
  });

  it('have calls of tools: whole, as deltas, as items, and as objects for Ollama', async () => {
    const call = { type: 'tool_call', index: 0, id: 'call_1' } as const;
    const parts: AnswerPart[] = [
      said('Let me see.'),
      { ...call, name: 'weather', arguments: '{"city":' },
      { ...call, arguments: '"Rome"}' },
    ];
    const { fetch } = handlerOf(
      played(parts, undefined, {
        toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}' }],
      } as never).model,
    );
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }];
    const whole = (await (await fetch(path, chat({ tools }))).json()) as { choices: unknown[] };
    const made = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'Let me see.', tool_calls: [made] },
    });
    const streamed = await (await fetch(path, chat({ tools, stream: true }))).text();
    expect(streamed).toContain(
      '"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\\"city\\":"}}]',
    );
    expect(streamed).toContain('"tool_calls":[{"index":0,"function":{"arguments":"\\"Rome\\"}"}}]');
    const input = {
      method: 'POST',
      body: JSON.stringify({ input: 'Hi', tools: [{ type: 'function', name: 'weather', parameters: {} }] }),
    };
    const { output } = (await (await fetch('/v1/responses', input)).json()) as { output: unknown[] };
    expect(output[1]).toMatchObject({
      type: 'function_call',
      call_id: 'call_1',
      name: 'weather',
      arguments: '{"city":"Rome"}',
    });
    const ollama = (await (await fetch('/api/chat', chat({ model: 'x', tools, stream: false }))).json()) as {
      message: unknown;
    };
    expect(ollama.message).toMatchObject({
      tool_calls: [{ function: { name: 'weather', arguments: { city: 'Rome' } } }],
    });
  });

  it('are asked for with what the request says', async () => {
    const { model, log } = played([said('x')]);
    const { fetch } = handlerOf(model, { defaults: { temperature: 0.3, topK: 7 } });
    const weather = { type: 'function', function: { name: 'weather' } };
    const schema = { type: 'object' };
    const more = {
      tools: [weather],
      tool_choice: weather,
      parallel_tool_calls: false,
      top_k: 3,
      seed: -1,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    };
    await fetch(path, chat(more));
    expect(log.options[0]).toMatchObject({
      toolChoice: { name: 'weather' },
      parallelToolCalls: false,
      topK: 3,
      temperature: 0.3,
      schema,
      thinking: 'split',
    });
    expect(log.options[0]).not.toHaveProperty('seed');
    await fetch(
      '/api/chat',
      chat({ model: 'x', format: 'json', options: { num_predict: 5, repeat_last_n: -1, mirostat: 2 } }),
    );
    expect(log.options[1]).toMatchObject({ maxTokens: 5, schema: { type: 'object' }, mirostatTau: 5 });
  });
});

it('every route is in the table once', () => {
  const all = routes.flatMap(({ method, paths }) => paths.map((path) => `${method} ${path}`));
  expect(new Set(all).size).toBe(all.length);
});
