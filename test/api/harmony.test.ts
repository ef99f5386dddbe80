import { describe, expect, it } from 'vitest';
import type { AnswerPart, RunnableTool } from 'thimble';
import { modelSaying, templateOf } from '../helpers/saying_models.ts';
import type { Script } from '../helpers/scripted_model.ts';

const control = (name: string) => [`<|${name}|>`, 3] as const;
const [start, end, message, channel, constrain, done, call] = ['start', 'end', 'message', 'channel', 'constrain', 'return', 'call'].map(control); // prettier-ignore
const knows = [start!, end!, message!, channel!, constrain!, done!, call!];

/** A model with gpt-oss's template; tokens that it never says stand behind the others. */
const gptOss = (says: Script['says']) =>
  modelSaying({ says, knows: knows.filter((each) => !says.includes(each)), template: templateOf('openai-gpt-oss-120b') }, { nCtx: 4096 }); // prettier-ignore

const greedy = { temperature: 0, onLoop: 'ignore' } as const;
const split = { ...greedy, thinking: 'split' } as const;
const hi = { messages: [{ role: 'user', content: 'hi' }] };
const city = { type: 'object', properties: { city: { enum: ['Paris'] } }, required: ['city'], additionalProperties: false }; // prettier-ignore
const tools = [{ type: 'function', function: { name: 'weather', description: 'Tells the weather', parameters: city } }];

describe('a model that speaks Harmony', () => {
  it('tells its thoughts and its words apart, and goes on wherever it was cut off', async () => {
    const words = ['Hm', ',', ' so'] as const;
    const model = await gptOss([channel!, 'analysis', message!, ...words, end!, start!, 'assistant<', done!]);
    const answer = model.generate(hi, split);
    const parts: AnswerPart[] = [];
    for await (const part of answer) parts.push(part);
    expect(parts.map((part) => part.type)).toEqual(['thinking', 'thinking', 'thinking', 'text']);
    expect(await answer).toMatchObject({ thinking: 'Hm, so', text: '<', stopReason: 'eos' }); // its second header is broken
    for (let maxTokens = 1; maxTokens < 9; maxTokens++) {
      const session = model.openSession();
      const first = await session.generate(hi, { ...split, maxTokens });
      const second = await session.resume({ thinking: 'split' });
      expect([maxTokens, `${first.thinking}${second.thinking}`, `${first.text}${second.text}`]).toEqual([maxTokens, 'Hm, so', '<']); // prettier-ignore
      await session.close();
    }
  });

  it('reads what it was told of how much to think', async () => {
    const model = await gptOss([channel!, 'final', message!, 'Yes', done!]);
    const promptOf = async (templateVars: Record<string, unknown>) =>
      model.detokenize(await model.tokenize({ ...hi, templateVars }), { special: true });
    for (const effort of ['low', 'medium', 'high'])
      expect(await promptOf({ reasoning_effort: effort })).toContain(`\n\nReasoning: ${effort}\n\n`);
    expect(await promptOf({})).toContain('Reasoning: medium');
  });

  it('has its final message held to a schema, and its thoughts free', async () => {
    const model = await gptOss([channel!, 'analysis', message!, 'Hm', end!, start!, done!]);
    const result = await model.generate(hi, { ...split, schema: { enum: ['yes'] } });
    expect(result.thinking).toMatch(/^Hm/);
    expect([result.text, result.value]).toEqual(['"yes"', 'yes']);
  });
});

/** Calls a tool where it may, whatever the channel, else says the same as its answer. */
const calling = () => gptOss([' to=functions.weather', channel!, 'final', message!, '{"city": "Paris"}', call!]);

describe('a tool of a model that speaks Harmony', () => {
  it('is called, run, and its result read', async () => {
    const model = await calling();
    const chat = model.chat();
    const weather: RunnableTool = { description: 'Tells the weather', schema: city, run: () => ({ degrees: 21, note: 'a "b"' }) }; // prettier-ignore
    const answer = chat.send('hi', { ...split, maxRounds: 1, tools: { weather } });
    const parts: AnswerPart[] = [];
    for await (const part of answer) parts.push(part);
    const { text, toolRuns, stopReason } = await answer;
    expect({ text, stopReason }).toEqual({ text: '{"city": "Paris"}', stopReason: 'eos' });
    expect(toolRuns).toMatchObject([{ name: 'weather', arguments: { city: 'Paris' } }]);
    expect(parts.filter((part) => part.type === 'tool_call').map((part) => part.arguments).join('')).toBe('{"city":"Paris"}'); // prettier-ignore
    expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    const prompt = await model.detokenize(await model.tokenize({ messages: chat.messages.slice(0, 3), tools }), { special: true }); // prettier-ignore
    expect(prompt).toContain(
      '<|start|>assistant to=functions.weather<|channel|>commentary json<|message|>{"city": "Paris"}<|call|><|start|>functions.weather to=assistant<|channel|>commentary<|message|>{"degrees":21,"note":"a \\"b\\""}<|end|><|start|>assistant',
    );
    await chat.close();
  });

  it('is called wherever the answer is cut off, and after the chat was saved', async () => {
    const model = await calling();
    for (let maxTokens = 1; maxTokens < 24; maxTokens += 2) {
      const session = model.openSession();
      await session.generate({ ...hi, tools }, { ...split, maxTokens });
      const saved = await session.save();
      const other = model.openSession();
      await other.restore(saved);
      const { toolCalls, text } = await other.resume({ thinking: 'split' });
      expect([maxTokens, text, toolCalls]).toMatchObject([maxTokens, '', [{ name: 'weather', arguments: { city: 'Paris' } }]]); // prettier-ignore
      await Promise.all([session.close(), other.close()]);
    }
  });

  it('is not called where none may be, or there is none', async () => {
    const model = await calling();
    const none = await model.generate({ ...hi, tools }, { ...split, toolChoice: 'none' });
    expect([none.text, none.toolCalls ?? []]).toEqual(['{"city": "Paris"}', []]);
    const free = await model.generate(hi, split);
    expect(free.text).toBe('{"city": "Paris"}'); // its channel says that this is for the user
    expect(free.toolCalls).toBeUndefined();
  });
});

describe('a server of a model that speaks Harmony', () => {
  const ask = async (model: Awaited<ReturnType<typeof gptOss>>, path: string, body: object) => {
    const response = await model.fetch(`http://thimble${path}`, { method: 'POST', body: JSON.stringify({ temperature: 0, stream: false, ...body }) }); // prettier-ignore
    return (await response.json()) as Record<string, never>;
  };

  it('tells thoughts apart as OpenAI and Ollama do', async () => {
    const model = await gptOss([channel!, 'analysis', message!, 'Hm', end!, start!, 'assistant Yes', done!]);
    const openAi = await ask(model, '/v1/chat/completions', { ...hi, reasoning_effort: 'low' });
    expect(openAi).toMatchObject({ choices: [{ message: { content: 'Yes', reasoning_content: 'Hm' }, finish_reason: 'stop' }] }); // prettier-ignore
    const ollama = await ask(model, '/api/chat', { ...hi, think: 'high', model: 'x', options: { temperature: 0 } });
    expect(ollama).toMatchObject({ message: { content: 'Yes', thinking: 'Hm' } });
  });

  it('tells calls as OpenAI and Ollama do', async () => {
    const model = await calling();
    const openAi = await ask(model, '/v1/chat/completions', { ...hi, tools });
    expect(openAi).toMatchObject({
      choices: [{ message: { tool_calls: [{ function: { name: 'weather', arguments: '{"city":"Paris"}' } }] }, finish_reason: 'tool_calls' }],
    }); // prettier-ignore
    const ollama = await ask(model, '/api/chat', { ...hi, tools, model: 'x', options: { temperature: 0 } });
    expect(ollama).toMatchObject({ message: { tool_calls: [{ function: { name: 'weather', arguments: { city: 'Paris' } } }] } }); // prettier-ignore
  });
});
