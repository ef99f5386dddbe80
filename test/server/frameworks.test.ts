import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';
import { openThinking, startServer, type Listening } from './helpers.ts';

describe('frameworks over the server', () => {
  let thinker: Model;
  let minilm: Model;
  let server: Listening;
  beforeAll(async () => {
    thinker = await openThinking();
    minilm = await openModel(new Blob([wordyEncoder('bert-mean')]), { threads: 1 });
    server = await startServer({ models: { thinker, minilm } });
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([thinker.close(), minilm.close()]);
  });

  it('ai with @ai-sdk/openai-compatible: text, reasoning, usage, streams and embeddings', async () => {
    const provider = createOpenAICompatible({ name: 'thimble', baseURL: `${server.address}/v1`, includeUsage: true });
    const { text, reasoningText, usage, finishReason } = await generateText({
      model: provider('thinker'),
      prompt: 'Hi',
    });
    expect({ text, reasoningText, finishReason }).toEqual({
      text: 'The answer.',
      reasoningText: 'I wonder.',
      finishReason: 'stop',
    });
    expect(usage.outputTokens).toBe(8);
    const stream = streamText({ model: provider('thinker'), prompt: 'Hi' });
    let streamed = '';
    for await (const piece of stream.textStream) streamed += piece;
    expect(streamed).toBe('The answer.');
    expect((await stream.usage).outputTokens).toBe(8);
    const { embeddings } = await embedMany({
      model: provider.textEmbeddingModel('minilm'),
      values: ['a cat', 'the dog'],
    });
    const rows = await minilm.embed(['a cat', 'the dog']);
    embeddings.forEach((row, i) => expect(Float32Array.from(row)).toEqual(rows[i]));
  });

  it('ai in a page: over model.fetch', async () => {
    const provider = createOpenAICompatible({ name: 'thimble', baseURL: 'http://thimble/v1', fetch: thinker.fetch });
    expect((await generateText({ model: provider('any'), prompt: 'Hi' })).text).toBe('The answer.');
  });

  it('@langchain/openai: invoke, stream, embeddings', async () => {
    const configuration = { baseURL: `${server.address}/v1` };
    const chat = new ChatOpenAI({ model: 'thinker', apiKey: 'none', configuration });
    const { content, usage_metadata } = await chat.invoke('Hi');
    expect(content).toBe('The answer.');
    expect(usage_metadata!.output_tokens).toBe(8);
    let text = '';
    for await (const chunk of await chat.stream('Hi')) text += chunk.content as string;
    expect(text).toBe('The answer.');
    const embedder = new OpenAIEmbeddings({ model: 'minilm', apiKey: 'none', configuration });
    const [row] = await embedder.embedDocuments(['a cat']);
    expect(Float32Array.from(row!)).toEqual(await minilm.embed('a cat'));
  });
});
