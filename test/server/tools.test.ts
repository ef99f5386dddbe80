/** Tools over each client: a model that calls one, gets its result, and answers. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, isStepCount, tool as aiTool } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { zodFunction } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openModel, type Model } from 'thimble';
import { scriptedModel } from '../helpers/scripted_model.ts';
import { startServer, type Listening } from './helpers.ts';

/** Calls as Qwen's models write them; behind a result the answer is begun with a word that the script goes on from. */
const template = `{% for t in tools or [] %}{{ t.function.name }};{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}<|im_start|>assistant
{% if messages[-1].role == 'tool' %}Sky:{% endif %}`;
const says = [
  'Let me look',
  '. ',
  ['<tool_call>', 4],
  ['</tool_call>', 4],
  ['<|im_end|>', 3],
  ['Sky:', 4],
  ' sunny',
  '.',
  ['<|end|>', 3],
] as const;

/** Its arguments are forced: there is no other city. */
const City = z.object({ city: z.enum(['Paris']) });
const parameters = z.toJSONSchema(City) as Record<string, unknown>;
const weather = {
  type: 'function' as const,
  function: { name: 'weather', description: 'Tells the weather', parameters },
};
const messages = [{ role: 'user' as const, content: 'How is the weather?' }];
const greedy = { model: 'caller', temperature: 0 };

describe('tools', () => {
  let model: Model;
  let server: Listening;
  let client: OpenAI;
  beforeAll(async () => {
    model = await openModel(await scriptedModel({ says, template, knows: [['<|im_start|>', 3]] }), { threads: 1 });
    server = await startServer({ models: { caller: model }, defaults: { onLoop: 'ignore', maxTokens: 120 } });
    client = new OpenAI({ apiKey: 'none', baseURL: `${server.address}/v1`, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await model.close();
  });

  it('are called over openai: whole, as deltas, chosen or not', async () => {
    const { choices } = await client.chat.completions.create({ ...greedy, messages, tools: [weather] });
    const [{ message, finish_reason }] = choices as [(typeof choices)[0]];
    expect(message.content).toBe('Let me look.');
    expect(message.tool_calls).toMatchObject([{ type: 'function', function: { name: 'weather' } }]);
    expect(JSON.parse((message.tool_calls![0] as { function: { arguments: string } }).function.arguments)).toEqual({
      city: 'Paris',
    });
    expect(finish_reason).toBe('tool_calls');
    const final = await client.chat.completions.stream({ ...greedy, messages, tools: [weather] }).finalMessage();
    expect(final.tool_calls).toMatchObject([{ function: { name: 'weather' } }]);
    for (const tool_choice of ['required', { type: 'function', function: { name: 'weather' } }] as const) {
      const asked = { ...greedy, messages, tools: [weather], tool_choice, parallel_tool_calls: false };
      const [choice] = (await client.chat.completions.create(asked)).choices;
      expect([choice!.message.content, choice!.message.tool_calls!.length, choice!.finish_reason]).toEqual([
        null,
        1,
        'tool_calls',
      ]);
    }
    const none = await client.chat.completions.create({
      ...greedy,
      messages,
      tools: [weather],
      tool_choice: 'none',
      max_tokens: 9,
    });
    expect(none.choices[0]!.message.tool_calls).toBeUndefined();
    const other = { type: 'function', function: { name: 'time' } } as const;
    await expect(
      client.chat.completions.create({ ...greedy, messages, tools: [weather], tool_choice: other }),
    ).rejects.toThrow(/time/);
  });

  it('are run by the tool runner of openai, parsed with Zod', async () => {
    const asked: unknown[] = [];
    const run = zodFunction({
      name: 'weather',
      parameters: City,
      function: (given) => {
        asked.push(given);
        return 'sunny';
      },
    });
    const runner = client.chat.completions.runTools({ ...greedy, messages, tools: [run] });
    expect(await runner.finalContent()).toBe(' sunny.');
    expect(asked).toEqual([{ city: 'Paris' }]);
    const streaming = client.chat.completions.runTools({ ...greedy, messages, tools: [run], stream: true });
    expect(await streaming.finalContent()).toBe(' sunny.');
  });

  it('are items of a response, which goes on with the result', async () => {
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: true, description: null }];
    const first = await client.responses.create({ ...greedy, input: 'How is the weather?', tools });
    expect(first.output.map(({ type }) => type)).toEqual(['message', 'function_call']);
    const call = first.output[1] as { call_id: string; arguments: string };
    expect(JSON.parse(call.arguments)).toEqual({ city: 'Paris' });
    const input = [{ type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }];
    const second = await client.responses.create({ ...greedy, input, tools, previous_response_id: first.id });
    expect(second.output_text).toBe(' sunny.');
  });

  it('are called over ollama', async () => {
    const ollama = new Ollama({ host: server.address });
    const { message } = await ollama.chat({ model: 'caller', messages, tools: [weather], options: { temperature: 0 } });
    expect(message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: { city: 'Paris' } } }]);
    const calls = [];
    for await (const part of await ollama.chat({ model: 'caller', messages, tools: [weather], stream: true }))
      calls.push(...(part.message.tool_calls ?? []));
    expect(calls).toMatchObject([{ function: { name: 'weather', arguments: { city: 'Paris' } } }]);
    const told = [...messages, message, { role: 'tool', tool_name: 'weather', content: 'sunny' }];
    expect((await ollama.chat({ model: 'caller', messages: told, tools: [weather] })).message.content).toBe(' sunny.');
  });

  it('are run by ai, and called over LangChain', async () => {
    const provider = createOpenAICompatible({ name: 'thimble', baseURL: `${server.address}/v1` });
    const asked: unknown[] = [];
    const execute = (given: unknown) => {
      asked.push(given);
      return 'sunny';
    };
    const { text } = await generateText({
      ...{ model: provider('caller'), prompt: 'How is the weather?', temperature: 0, stopWhen: isStepCount(3) },
      tools: { weather: aiTool({ description: 'Tells the weather', inputSchema: City, execute }) },
    });
    expect([text, asked]).toEqual([' sunny.', [{ city: 'Paris' }]]);
    const chat = new ChatOpenAI({
      model: 'caller',
      apiKey: 'none',
      temperature: 0,
      configuration: { baseURL: `${server.address}/v1` },
    });
    const bound = chat.bindTools([
      tool(() => 'sunny', { name: 'weather', description: 'Tells the weather', schema: City }),
    ]);
    expect((await bound.invoke('How is the weather?')).tool_calls).toMatchObject([
      { name: 'weather', args: { city: 'Paris' } },
    ]);
  });
});
