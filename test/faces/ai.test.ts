import {
  createProviderRegistry,
  embed,
  embedMany,
  generateObject,
  generateText,
  jsonSchema,
  Output,
  rerank,
  stepCountIs,
  streamText,
  tool,
} from 'ai';
import type { EmbeddingModelV4, LanguageModelV4, LanguageModelV4StreamPart, RerankingModelV4 } from '@ai-sdk/provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { createThimble, thimble } from 'thimble/ai';
import { storiesBlob } from '../api/helpers.ts';
import { scriptedModel } from '../helpers/scripted_model.ts';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';

const chatTemplate = '{% for message in messages %}{{ message.content }} {% endfor %}';
const prompt = 'Once upon a time';
const greedy = { temperature: 0, maxOutputTokens: 12, maxRetries: 0 } as const;

describe('the AI SDK over a model', () => {
  let model: Model;
  let wide: Model; // tools are spelled out in the prompt
  beforeAll(async () => {
    model = await openModel(await storiesBlob(), { chatTemplate, nCtx: 256 });
    wide = await openModel(await storiesBlob(), { chatTemplate, nCtx: 2048 });
  });
  afterAll(() => Promise.all([model.close(), wide.close()]));

  it('has the interfaces of @ai-sdk/provider', () => {
    const language: LanguageModelV4 = thimble(model);
    const embedding: EmbeddingModelV4 = thimble.embeddingModel(model);
    const reranking: RerankingModelV4 = thimble.rerankingModel(model);
    expect([language, embedding, reranking].map((each) => each.specificationVersion)).toEqual(['v4', 'v4', 'v4']);
    expect([language.provider, language.modelId]).toEqual(['thimble', model.info.name]);
  });

  it('generates and streams the same text as the model itself', async () => {
    const expected = await model.generate([{ role: 'user', content: prompt }], { temperature: 0, maxTokens: 12 });
    const { text, usage, finishReason, warnings } = await generateText({ model: thimble(model), prompt, ...greedy });
    expect(text).toBe(expected.text);
    expect([finishReason, warnings ?? []]).toEqual(['length', []]);
    expect(usage).toMatchObject({ inputTokens: expected.nPromptTokens, outputTokens: 12 });
    const stream = streamText({ model: thimble(model), prompt, ...greedy });
    let streamed = '';
    for await (const piece of stream.textStream) streamed += piece;
    expect(streamed).toBe(text);
    expect(await stream.finishReason).toBe('length');
  });

  it('passes settings on', async () => {
    const whole = await generateText({ model: thimble(model), prompt, ...greedy });
    const [, word = ''] = whole.text.trim().split(' ');
    const { text, finishReason } = await generateText({
      model: thimble(model),
      prompt,
      ...greedy,
      stopSequences: [word],
    });
    expect(text).toBe(whole.text.slice(0, whole.text.indexOf(word)));
    expect(finishReason).toBe('stop');
    const seeded = () =>
      generateText({
        model: thimble(model),
        prompt,
        maxOutputTokens: 12,
        temperature: 1,
        topK: 50,
        topP: 0.95,
        seed: 7,
      });
    expect((await seeded()).text).toBe((await seeded()).text);
    const own = { thimble: { logitBias: [[0, -1]], wrong: 1 } };
    await expect(
      generateText({ model: thimble(model), prompt, ...greedy, providerOptions: own as never }),
    ).rejects.toThrow('wrong');
  });

  it('warns of what it does not know', async () => {
    const { stream } = await thimble(model).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
      maxOutputTokens: 1,
      reasoning: 'high',
      tools: [{ type: 'provider', id: 'other.search', name: 'search', args: {} }],
    });
    const parts = await partsOf(stream);
    expect(parts[0]).toMatchObject({
      type: 'stream-start',
      warnings: [{ feature: 'provider-defined tool other.search' }, { feature: 'reasoning' }],
    });
  });

  it('refuses files that are no text, and reads those that are', async () => {
    const file = (mediaType: string, data: Uint8Array) => [
      { role: 'user' as const, content: [{ type: 'file' as const, mediaType, data }] },
    ];
    const bytes = new TextEncoder().encode(prompt);
    const { text } = await generateText({ model: thimble(model), messages: file('text/plain', bytes), ...greedy });
    expect(text).toBe((await generateText({ model: thimble(model), prompt, ...greedy })).text);
    await expect(
      generateText({ model: thimble(model), messages: file('application/pdf', bytes), ...greedy }),
    ).rejects.toThrow('of type application/pdf; thimble reads text alone');
  });

  it('stops at a signal, and when nobody reads on', async () => {
    const abortSignal = AbortSignal.timeout(30);
    const long = {
      ...greedy,
      maxOutputTokens: 200,
      providerOptions: { thimble: { onLoop: 'ignore', ignoreEos: true } },
    };
    await expect(
      generateText({ model: thimble(model), prompt, ...long, abortSignal: AbortSignal.abort() }),
    ).rejects.toThrow(/abort/i);
    const { stream } = await thimble(model).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
      providerOptions: long.providerOptions,
      abortSignal,
    });
    await expect(partsOf(stream)).rejects.toThrow(/time/i);
    const left = await thimble(model).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
      providerOptions: long.providerOptions,
    });
    const reader = left.stream.getReader();
    await reader.read();
    await reader.cancel();
    expect((await generateText({ model: thimble(model), prompt, ...greedy })).text).not.toBe(''); // the model is free again
  });

  const schema = jsonSchema<{ size: 'big' | 'small'; n: number }>({
    type: 'object',
    properties: { size: { enum: ['big', 'small'] }, n: { type: 'integer', minimum: 10, maximum: 99 } },
    required: ['size', 'n'],
    additionalProperties: false,
  });
  const fits = { size: expect.stringMatching(/^(big|small)$/) as string, n: expect.any(Number) as number };

  it('makes objects of a schema, and streams them', async () => {
    const how = { model: thimble(model), prompt, ...greedy, maxOutputTokens: 60 };
    const { object } = await generateObject({ ...how, schema });
    expect(object).toEqual(fits);
    const { output } = await generateText({ ...how, output: Output.object({ schema }) });
    expect(output).toEqual(object);
    const partial: unknown[] = [];
    const stream = streamText({ ...how, output: Output.object({ schema }) });
    for await (const part of stream.partialOutputStream) partial.push(part);
    expect(partial.at(-1)).toEqual(object);
    expect(partial.length).toBeGreaterThan(1);
    const { output: choice } = await generateText({ ...how, output: Output.choice({ options: ['yes', 'no'] }) });
    expect(['yes', 'no']).toContain(choice);
  });

  it('calls tools, whose arguments fit their schemas', async () => {
    const asked: unknown[] = [];
    const tools = {
      measure: tool({
        description: 'Measures a thing.',
        inputSchema: schema,
        execute: (input) => {
          asked.push(input);
          return Promise.resolve('seven');
        },
      }),
    };
    const how = {
      model: thimble(wide),
      prompt,
      tools,
      toolChoice: 'required',
      ...greedy,
      maxOutputTokens: 120,
    } as const;
    const { toolCalls, toolResults, finishReason } = await generateText(how);
    expect(toolCalls.map(({ toolName, input }) => [toolName, input])).toContainEqual(['measure', fits]);
    expect([toolResults[0]!.output, asked[0], finishReason]).toEqual(['seven', fits, 'tool-calls']);
    const types: string[] = [];
    const stream = streamText({ ...how, toolChoice: { type: 'tool', toolName: 'measure' } });
    for await (const { type } of stream.fullStream) if (type !== types.at(-1)) types.push(type);
    const wanted = ['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call', 'tool-result'];
    expect(types).toEqual(expect.arrayContaining(wanted));
    const { steps } = await generateText({ ...how, stopWhen: stepCountIs(2) });
    expect(steps).toHaveLength(2); // what a tool says is read in the next step
    await expect(generateText({ ...how, maxOutputTokens: 3 })).rejects.toThrow('did not contain a tool call'); // it was cut off
  });

  it('opens a model when it is asked for first, and once', async () => {
    let nOpened = 0;
    const provider = createThimble({
      story: async () => {
        if (nOpened++ === 0) throw new Error('no network');
        return model;
      },
    });
    const registry = createProviderRegistry({ local: provider });
    const ask = () => generateText({ model: registry.languageModel('local:story'), prompt, ...greedy });
    await expect(ask()).rejects.toThrow('no network');
    await Promise.all([ask(), ask()]);
    expect(nOpened).toBe(2);
    expect(() => provider.languageModel('poem')).toThrow('there is no model "poem"; there are story');
  });
});

it('tells thoughts from the answer', async () => {
  const template = '{% for message in messages %}{{ message.content }}{% endfor %}{# <think></think> #}';
  const says = [['<think>', 4], 'Hm', ' so', ['</think>', 4], '\n', 'Yes', '.', ['<|im_end|>', 3]] as const;
  await using model = await openModel(await scriptedModel({ says, template }), { nCtx: 128 });
  const { text, reasoningText } = await generateText({ model: thimble(model), prompt: 'x', ...greedy });
  expect([reasoningText, text]).toEqual(['Hm so', 'Yes.']);
  const types = (
    await partsOf(
      (
        await thimble(model).doStream({
          prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
          temperature: 0,
          maxOutputTokens: 12,
        })
      ).stream,
    )
  ).map(({ type }) => type);
  expect(types.filter((type) => !type.endsWith('-delta'))).toEqual([
    'stream-start',
    'response-metadata',
    'reasoning-start',
    'reasoning-end',
    'text-start',
    'text-end',
    'finish',
  ]);
});

it('embeds and ranks', async () => {
  const open = (name: string) => openModel(new Blob([wordyEncoder(name)]), { threads: 1 });
  await using model = await open('bert-mean');
  const { embedding, usage } = await embed({ model: thimble.embeddingModel(model), value: 'a cat' });
  expect(embedding).toEqual(Array.from(await model.embed('a cat')));
  expect(usage.tokens).toBe((await model.tokenize('a cat')).length);
  const { embeddings } = await embedMany({ model: thimble.embeddingModel(model), values: ['a', 'b', 'c'] });
  expect(embeddings).toHaveLength(3);
  await using ranker = await open('bert-rank');
  const documents = ['a cat', 'bread is baked', 'rivers run'];
  const [first] = await ranker.rank('where to', documents);
  const { ranking } = await rerank({ model: thimble.rerankingModel(ranker), query: 'where to', documents, topN: 1 });
  expect(ranking.map(({ originalIndex, document }) => [originalIndex, document])).toEqual([
    [first!.index, first!.document],
  ]);
});

async function partsOf(stream: ReadableStream<LanguageModelV4StreamPart>): Promise<LanguageModelV4StreamPart[]> {
  const parts: LanguageModelV4StreamPart[] = [];
  const reader = stream.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
  return parts;
}
