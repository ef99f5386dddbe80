/** Answers that are held to a schema, over each client. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, Output } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Model } from 'thimble';
import { ask, openStories, startServer, type Listening } from './helpers.ts';

/** Whatever a model says, it ends soon. */
const Fruit = z.object({ name: z.enum(['apple', 'pear']), ripe: z.boolean(), count: z.number().int().min(0).max(9) });
const messages = [{ role: 'user' as const, content: 'A fruit, please.' }];

describe('an answer that is held to a schema', () => {
  let stories: Model;
  let server: Listening;
  let client: OpenAI;
  beforeAll(async () => {
    stories = await openStories();
    server = await startServer({ models: { stories } });
    client = new OpenAI({ apiKey: 'none', baseURL: `${server.address}/v1`, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await stories.close();
  });

  it('is parsed by openai, with Zod: chat, stream and responses', async () => {
    const more = { model: 'stories', messages, response_format: zodResponseFormat(Fruit, 'fruit') };
    const { choices } = await client.chat.completions.parse(more);
    expect(Fruit.parse(choices[0]!.message.parsed)).toEqual(choices[0]!.message.parsed);
    expect(choices[0]!.finish_reason).toBe('stop');
    const final = await client.chat.completions.stream(more).finalChatCompletion();
    expect(final.choices[0]!.message.parsed).toEqual(choices[0]!.message.parsed);
    const text = { format: zodTextFormat(Fruit, 'fruit') };
    const response = await client.responses.parse({ model: 'stories', input: 'A fruit, please.', text });
    expect(Fruit.parse(response.output_parsed)).toEqual(response.output_parsed);
    expect(response.status).toBe('completed');
  });

  it('is any object with json_object, and what a grammar says with grammar', async () => {
    const object = await client.chat.completions.create({
      ...{ model: 'stories', messages, max_tokens: 8 },
      response_format: { type: 'json_object' },
    });
    expect(object.choices[0]!.message.content).toMatch(/^\s*\{/);
    const held = await ask(stories.fetch, '/completion', { prompt: 'Lily', grammar: 'root ::= "yes" | "no"' });
    expect(['yes', 'no']).toContain(((await held.json()) as { content: string }).content);
    const schema = await ask(stories.fetch, '/completion', { prompt: 'Lily', json_schema: { const: 42 } });
    expect(((await schema.json()) as { content: string }).content).toBe('42');
  });

  it('is an object in ollama, ai and LangChain', async () => {
    const { message } = await new Ollama({ host: server.address }).chat({
      model: 'stories',
      messages,
      format: z.toJSONSchema(Fruit),
    });
    Fruit.parse(JSON.parse(message.content));
    const provider = createOpenAICompatible({
      name: 'thimble',
      baseURL: `${server.address}/v1`,
      supportsStructuredOutputs: true,
    });
    const { output } = await generateText({
      model: provider('stories'),
      prompt: 'A fruit.',
      output: Output.object({ schema: Fruit }),
    });
    Fruit.parse(output);
    const chat = new ChatOpenAI({
      model: 'stories',
      apiKey: 'none',
      configuration: { baseURL: `${server.address}/v1` },
    });
    Fruit.parse(await chat.withStructuredOutput(Fruit, { method: 'jsonSchema', name: 'fruit' }).invoke('A fruit.'));
  });

  it('is refused where the schema cannot be kept, or is none', async () => {
    const create = (schema: unknown) =>
      client.chat.completions.create({
        ...{ model: 'stories', messages, max_tokens: 5 },
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: schema as Record<string, unknown> } },
      });
    for (const schema of [{ type: 'hiccup' }, { type: 123 }, { $ref: '#/nowhere' }, { pattern: '(' }, 7])
      await expect(create(schema), JSON.stringify(schema)).rejects.toMatchObject({ status: 400 });
    const both = await ask(stories.fetch, '/completion', { prompt: 'x', grammar: 'root ::= "a"', json_schema: {} });
    expect(both.status).toBe(400);
  });
});
