import OpenAI, { APIError, AuthenticationError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from 'thimble';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { openModel } from 'thimble';
import { openStories, openThinking, startServer, type Listening } from './helpers.ts';

const user = (content: string) => [{ role: 'user', content }] as const;
const asking = { model: 'stories', messages: [...user('Hello')], temperature: 0 };

/** The client of npm, over the function itself and over HTTP. */
describe.each(['model.fetch', 'http'])('the client openai of npm, over %s', (way) => {
  let stories: Model;
  let server: Listening;
  let client: OpenAI;
  beforeAll(async () => {
    stories = await openStories();
    server = await startServer({ models: { stories } });
    const over =
      way === 'http' ? { baseURL: `${server.address}/v1` } : { baseURL: 'http://thimble/v1', fetch: stories.fetch };
    client = new OpenAI({ apiKey: 'none', maxRetries: 0, ...over });
  });
  afterAll(async () => {
    await server.close();
    await stories.close();
  });

  it('gets a chat completion with its usage', async () => {
    const { choices, usage, model } = await client.chat.completions.create({ ...asking, max_tokens: 6 });
    expect(model).toMatch(/stories/);
    expect(choices).toHaveLength(1);
    const [{ message, finish_reason, logprobs }] = choices as [(typeof choices)[0]];
    expect(message.role).toBe('assistant');
    expect(message.content!.length).toBeGreaterThan(0);
    expect(finish_reason).toBe('length');
    expect(logprobs).toBeNull();
    const { prompt_tokens, completion_tokens, total_tokens } = usage!;
    const prompt = await stories.tokenize({ messages: asking.messages });
    expect([prompt_tokens, completion_tokens, total_tokens]).toEqual([prompt.length, 6, prompt.length + 6]);
  });

  it('streams the same text, by its helper, too, and then the usage', async () => {
    const whole = await client.chat.completions.create({ ...asking, max_tokens: 12 });
    const stream = client.chat.completions.stream({
      ...asking,
      max_tokens: 12,
      stream_options: { include_usage: true },
    });
    let text = '';
    stream.on('content', (delta) => (text += delta));
    const completion = await stream.finalChatCompletion();
    expect(text).toBe(whole.choices[0]!.message.content);
    expect(completion.choices[0]!.message.content).toBe(text);
    expect(completion.choices[0]!.finish_reason).toBe('length');
    expect((await stream.totalUsage()).completion_tokens).toBe(12);
  });

  it('has no usage in a stream unless it is asked for', async () => {
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({ ...asking, max_tokens: 2, stream: true }))
      chunks.push(chunk);
    expect(chunks.every(({ choices, usage }) => choices.length === 1 && usage === undefined)).toBe(true);
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('gives settings on: stop, seed, logit_bias, max_completion_tokens', async () => {
    const create = (more: object) => client.chat.completions.create({ ...asking, ...more });
    const free = (await create({ max_tokens: 20 })).choices[0]!.message.content!;
    const stop = free.trim().split(' ')[1]!;
    const stopped = await create({ max_tokens: 20, stop: [stop] });
    expect(stopped.choices[0]!.message.content).toBe(free.slice(0, free.indexOf(stop)));
    expect(stopped.choices[0]!.finish_reason).toBe('stop');
    const warm = { temperature: 1.5, max_completion_tokens: 12 };
    const seeded = await Promise.all(
      [1, 1, 2].map(async (seed) => (await create({ ...warm, seed })).choices[0]!.message.content),
    );
    expect(seeded[0]).toBe(seeded[1]);
    expect(seeded[0]).not.toBe(seeded[2]);
    const [first] = await stories.tokenize({ text: free });
    const [e] = (await create({ max_tokens: 1, logprobs: true })).choices[0]!.logprobs!.content as unknown as [
      { id: number },
    ];
    const biased = await create({ max_tokens: 1, logit_bias: { [e.id]: -100 } });
    expect(first).toBeDefined();
    expect(biased.choices[0]!.message.content).not.toBe(free.slice(0, biased.choices[0]!.message.content!.length));
  });

  it('gets several choices, which differ by their seeds', async () => {
    const { choices, usage } = await client.chat.completions.create({
      ...asking,
      temperature: 1.5,
      seed: 3,
      n: 3,
      max_tokens: 8,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(choices.map(({ message }) => message.content)).size).toBe(3);
    expect(usage!.completion_tokens).toBe(24);
    const stream = await client.chat.completions.create({
      ...asking,
      temperature: 1.5,
      seed: 3,
      n: 3,
      max_tokens: 8,
      stream: true,
    });
    const texts = ['', '', ''];
    for await (const { choices: each } of stream)
      for (const { index, delta } of each) texts[index] += delta.content ?? '';
    expect(texts).toEqual(choices.map(({ message }) => message.content));
  });

  it('gets log-probabilities, in a stream, too', async () => {
    const options = { ...asking, max_tokens: 5, logprobs: true, top_logprobs: 3 } as const;
    const [choice] = (await client.chat.completions.create(options)).choices;
    const content = choice!.logprobs!.content!;
    expect(content.map(({ token }) => token).join('')).toBe(choice!.message.content);
    for (const { logprob, top_logprobs, bytes } of content) {
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]!.logprob).toBe(logprob); // it is greedy
      expect(bytes!.length).toBeGreaterThan(0);
    }
    const streamed = [];
    for await (const chunk of await client.chat.completions.create({ ...options, stream: true }))
      streamed.push(...(chunk.choices[0]!.logprobs?.content ?? []));
    expect(streamed).toEqual(content);
  });

  it('completes texts, tokens and lists of them; echo says the prompt, with what its tokens had for probabilities', async () => {
    const more = { model: 'stories', max_tokens: 4, temperature: 0 };
    const tokens = await stories.tokenize('Once upon a');
    const { choices, usage } = await client.completions.create({ ...more, prompt: ['Once upon a', 'Lily'] });
    expect(choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(choices[0]!.text).toBe(' time, there was');
    expect(usage!.completion_tokens).toBe(8);
    expect((await client.completions.create({ ...more, prompt: tokens })).choices[0]!.text).toBe(' time, there was');
    const echoed = await client.completions.create({ ...more, prompt: 'Once upon a', echo: true, logprobs: 1 });
    expect(echoed.choices[0]!.text).toBe('Once upon a time, there was');
    const { token_logprobs, tokens: pieces } = echoed.choices[0]!.logprobs!;
    const scores = await stories.score(tokens);
    expect(pieces).toHaveLength(tokens.length + 4);
    expect(token_logprobs![0]).toBeNull();
    token_logprobs!.slice(1, tokens.length).forEach((each, i) => expect(each).toBeCloseTo(scores[i]!, 6));
    const scored = await client.completions.create({
      ...more,
      prompt: 'Once upon a',
      max_tokens: 0,
      echo: true,
      logprobs: 0,
    });
    expect(scored.choices[0]!.logprobs!.token_logprobs).toHaveLength(tokens.length);
    let text = '';
    for await (const chunk of await client.completions.create({ ...more, prompt: 'Once upon a', stream: true }))
      text += chunk.choices[0]!.text;
    expect(text).toBe(' time, there was');
  });

  it('gets responses, whole and as events, and goes on from one', async () => {
    const more = { model: 'stories', temperature: 0, max_output_tokens: 6 } as const;
    const first = await client.responses.create({ ...more, input: 'Hello', instructions: 'Be kind.' });
    expect(first.status).toBe('incomplete');
    expect(first.incomplete_details).toEqual({ reason: 'max_output_tokens' });
    expect(first.output_text.length).toBeGreaterThan(0);
    const stream = client.responses.stream({ ...more, input: 'Hello', instructions: 'Be kind.' });
    const types: string[] = [];
    let text = '';
    for await (const event of stream) {
      expect(event.sequence_number).toBe(types.length);
      types.push(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe(first.output_text);
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ]);
    const ends = ['output_text.done', 'content_part.done', 'output_item.done', 'incomplete'];
    expect(types.slice(-4)).toEqual(ends.map((each) => `response.${each}`));
    const second = await client.responses.create({ ...more, input: 'And then?', previous_response_id: first.id });
    const messages = [...user('Hello'), { role: 'assistant', content: first.output_text }, ...user('And then?')];
    expect(second.usage!.input_tokens).toBe((await stories.tokenize({ messages })).length);
    expect((await client.responses.retrieve(first.id)).output_text).toBe(first.output_text);
    await client.responses.delete(first.id);
    await expect(client.responses.create({ ...more, input: 'x', previous_response_id: first.id })).rejects.toThrow(
      'not found',
    );
  });

  it('lists models', async () => {
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    expect(names).toHaveLength(1);
    expect((await client.models.retrieve(names[0]!)).id).toBe(names[0]);
    await expect(client.models.retrieve('other')).rejects.toThrow(NotFoundError);
  });

  it('is told what is wrong, as its own classes', async () => {
    const failing = async (more: object): Promise<APIError> => {
      const error = await client.chat.completions.create({ ...asking, ...more }).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(APIError);
      return error as APIError;
    };
    expect(await failing({ messages: [...user('word '.repeat(2000))] })).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
    expect(await failing({ max_tokens: -1 })).toMatchObject({ status: 400, param: 'max_tokens' });
    expect(await failing({ nonsense: 1 })).toMatchObject({ status: 400, param: 'nonsense' });
    expect(await failing({ messages: [] })).toMatchObject({ status: 400, param: 'messages' });
    expect(await failing({ temperature: 1e9 })).toMatchObject({
      status: 400,
      message: expect.stringContaining('temperature') as string,
    });
    expect(
      await failing({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }),
    ).toMatchObject({ status: 400 });
    expect(await failing({ stream: true, messages: [...user('word '.repeat(2000))] })).toMatchObject({ status: 400 }); // before the stream begins
    await expect(client.embeddings.create({ model: 'stories', input: 'x' })).rejects.toThrow('makes no embeddings');
  });

  it('stops an answer by its signal, and by leaving its loop; the session is free again', async () => {
    const controller = new AbortController();
    const endless = { ...asking, stream: true as const };
    const stream = await client.chat.completions.create(endless, { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of stream) controller.abort();
    })();
    await reading.catch(() => undefined);
    for await (const _ of await client.chat.completions.create(endless)) break;
    const { choices } = await client.chat.completions.create({ ...asking, max_tokens: 1 });
    expect(choices).toHaveLength(1);
  });
});

describe('the client openai, and a key', () => {
  it('is let in with it', async () => {
    await using stories = await openStories();
    const server = await startServer({ models: { stories }, apiKeys: ['secret', 'other'] });
    const baseURL = `${server.address}/v1`;
    await expect(new OpenAI({ apiKey: 'wrong', baseURL, maxRetries: 0 }).models.list()).rejects.toThrow(
      AuthenticationError,
    );
    expect((await new OpenAI({ apiKey: 'other', baseURL }).models.list()).data).toHaveLength(1);
    expect((await fetch(`${server.address}/health`)).status).toBe(200);
    await server.close();
  });
});

describe('a model that thinks, over the client openai', () => {
  it('has its thoughts beside the answer, whole, streamed and as items', async () => {
    await using model = await openThinking();
    const client = new OpenAI({ apiKey: 'none', baseURL: 'http://thimble/v1', fetch: model.fetch });
    const more = { model: 'x', messages: [...user('Hi')] };
    const { choices, usage } = await client.chat.completions.create(more);
    expect(choices[0]!.message).toMatchObject({ content: 'The answer.', reasoning_content: 'I wonder.' });
    expect(choices[0]!.finish_reason).toBe('stop');
    expect(usage!.completion_tokens).toBe(8);
    let thought = '';
    for await (const chunk of await client.chat.completions.create({ ...more, stream: true }))
      thought += (chunk.choices[0]!.delta as { reasoning_content?: string }).reasoning_content ?? '';
    expect(thought).toBe('I wonder.');
    const response = await client.responses.create({ model: 'x', input: 'Hi' });
    expect(response.status).toBe('completed');
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(response.output_text).toBe('The answer.');
    expect(response.usage!.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
  });
});

describe('a model that embeds, over the client openai', () => {
  it('makes rows of texts, tokens and lists, in floats and in base64', async () => {
    await using model = await openModel(new Blob([wordyEncoder('bert-mean')]), { threads: 1 });
    const client = new OpenAI({ apiKey: 'none', baseURL: 'http://thimble/v1', fetch: model.fetch });
    const texts = ['a cat', 'the dog'];
    const rows = await model.embed(texts);
    const { data, usage } = await client.embeddings.create({ model: 'x', input: texts }); // base64, on its own
    data.forEach(({ embedding }, i) => expect(Float32Array.from(embedding)).toEqual(rows[i]));
    expect(usage.prompt_tokens).toBeGreaterThan(0);
    const floats = await client.embeddings.create({ model: 'x', input: texts[0]!, encoding_format: 'float' });
    expect(Float32Array.from(floats.data[0]!.embedding)).toEqual(rows[0]);
    const short = await client.embeddings.create({ model: 'x', input: texts[0]!, dimensions: 8 });
    expect(short.data[0]!.embedding).toHaveLength(8);
    await expect(client.embeddings.create({ model: 'x', input: [] })).rejects.toThrow(APIError);
    await expect(client.chat.completions.create({ model: 'x', messages: [...user('Hi')] })).rejects.toThrow(APIError);
    const ranked = await model.fetch('/v1/rerank', {
      method: 'POST',
      body: JSON.stringify({ query: 'cat', documents: texts, top_n: 1, return_documents: true }),
    });
    const { results } = (await ranked.json()) as {
      results: { index: number; relevance_score: number; document: { text: string } }[];
    };
    const [best] = await model.rank('cat', texts);
    expect(results).toEqual([{ index: best!.index, relevance_score: best!.score, document: { text: best!.document } }]);
  });
});
