import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { openStories, openThinking, startServer, type Listening } from './helpers.ts';

const messages = [{ role: 'user', content: 'Hello' }];
const options = { temperature: 0, num_predict: 6 };

describe('the client ollama of npm', () => {
  let stories: Model;
  let thinker: Model;
  let minilm: Model;
  let server: Listening;
  let client: Ollama;
  beforeAll(async () => {
    stories = await openStories();
    thinker = await openThinking();
    minilm = await openModel(new Blob([wordyEncoder('bert-mean')]), { threads: 1 });
    server = await startServer({ models: { stories, thinker, minilm } });
    client = new Ollama({ host: server.address });
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([stories.close(), thinker.close(), minilm.close()]);
  });

  it('chats, whole and as a stream, with the figures at its end', async () => {
    const whole = await client.chat({ model: 'stories', messages, options });
    expect(whole).toMatchObject({ model: 'stories', done: true, done_reason: 'length', eval_count: 6 });
    expect(whole.message.role).toBe('assistant');
    expect(whole.prompt_eval_count).toBe((await stories.tokenize({ messages })).length);
    expect(whole.eval_duration).toBeGreaterThan(0);
    let text = '';
    let last;
    for await (const part of await client.chat({ model: 'stories:latest', messages, options, stream: true })) {
      text += part.message.content;
      last = part;
    }
    expect(text).toBe(whole.message.content);
    expect(last).toMatchObject({ done: true, done_reason: 'length', eval_count: 6 });
  });

  it('generates, by the template or from the raw text', async () => {
    const prompt = 'Once upon a';
    const raw = await client.generate({ model: 'stories', prompt, raw: true, options });
    expect(raw.response).toBe((await stories.generate(prompt, { temperature: 0, maxTokens: 6 })).text);
    const asked = await client.generate({ model: 'stories', prompt, system: 'Tell stories.', options });
    const told = [
      { role: 'system', content: 'Tell stories.' },
      { role: 'user', content: prompt },
    ];
    expect(asked.prompt_eval_count).toBe((await stories.tokenize({ messages: told })).length);
    let text = '';
    for await (const { response } of await client.generate({
      model: 'stories',
      prompt,
      raw: true,
      options,
      stream: true,
    }))
      text += response;
    expect(text).toBe(raw.response);
    expect(await client.generate({ model: 'stories', prompt: '' })).toMatchObject({ done: true, done_reason: 'load' });
  });

  it('has thoughts apart, and may ask for none', async () => {
    const { message } = await client.chat({ model: 'thinker', messages, think: true });
    expect(message).toMatchObject({ thinking: 'I wonder.', content: 'The answer.' });
    let thought = '';
    for await (const part of await client.chat({ model: 'thinker', messages, think: true, stream: true }))
      thought += part.message.thinking ?? '';
    expect(thought).toBe('I wonder.');
    const without = await client.chat({ model: 'thinker', messages, think: false });
    expect(without.prompt_eval_count).toBeGreaterThan(
      (await client.chat({ model: 'thinker', messages })).prompt_eval_count,
    ); // its template closed them
  });

  it('embeds texts, of which one may be too long', async () => {
    const input = ['a cat', 'the dog'];
    const rows = await minilm.embed(input);
    const { embeddings, prompt_eval_count } = await client.embed({ model: 'minilm', input });
    embeddings.forEach((row, i) => expect(Float32Array.from(row)).toEqual(rows[i]));
    expect(prompt_eval_count).toBeGreaterThan(0);
    expect((await client.embed({ model: 'minilm', input: 'a cat '.repeat(200) })).embeddings).toHaveLength(1);
    await expect(client.embed({ model: 'minilm', input: 'a cat '.repeat(200), truncate: false })).rejects.toThrow(
      'truncate',
    );
    const { embedding } = await client.embeddings({ model: 'minilm', prompt: 'a cat' });
    expect(Float32Array.from(embedding)).toEqual(rows[0]);
  });

  it('lists models, those that run, and what one is', async () => {
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['stories', 'thinker', 'minilm']);
    expect((await client.ps()).models.map(({ name }) => name)).toContain('stories');
    const { details, capabilities, model_info } = await client.show({ model: 'thinker' });
    expect(details).toMatchObject({ format: 'gguf', family: 'llama' });
    expect(capabilities).toEqual(['completion', 'tools', 'thinking']);
    expect((model_info as unknown as Record<string, unknown>)['llama.context_length']).toBe(512);
    expect((await client.show({ model: 'minilm' })).capabilities).toEqual(['embedding']);
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('is told what is wrong, in its own words', async () => {
    await expect(client.chat({ model: 'other', messages })).rejects.toMatchObject({
      status_code: 404,
      message: expect.stringContaining("model 'other' not found") as string,
    });
    await expect(client.chat({ model: 'stories', messages, options: { num_ctx: 100_000 } })).rejects.toThrow(
      'num_ctx is 100000, the model is served with 512',
    );
    await expect(client.chat({ model: 'stories', messages: [{ ...messages[0]!, images: ['AAAA'] }] })).rejects.toThrow(
      'images',
    );
    await expect(client.pull({ model: 'x' })).rejects.toThrow('thimble serve --pull');
    await expect(client.generate({ model: 'stories', prompt: 'x', suffix: 'y' })).rejects.toThrow('suffix');
    await expect(client.embed({ model: 'stories', input: 'x' })).rejects.toThrow('makes no embeddings');
  });

  it('stops an answer', async () => {
    const stream = await client.chat({ model: 'stories', messages, stream: true });
    const reading = (async () => {
      for await (const _ of stream) stream.abort();
    })();
    await expect(reading).rejects.toThrow(/abort/);
    expect((await client.chat({ model: 'stories', messages, options })).done).toBe(true);
  });
});
