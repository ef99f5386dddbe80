import { describe, expect, it } from 'vitest';
import { createCallReader } from '../../src/api/call_reader.ts';
import { createPartReader } from '../../src/api/part_reader.ts';
import type { Sink } from '../../src/api/generation.ts';
import type { AnswerPart } from '../../src/chat/parts.ts';
import type { GenerateResult } from '../../src/protocol/generation.ts';

const parameters = { type: 'object', properties: { city: { type: 'string' }, n: { type: 'integer' } } };
const tools = [{ type: 'function', function: { name: 'w', parameters } }];
const result = { text: '', tokens: [], stopReason: 'eos' } as unknown as GenerateResult;
const formats = [
  'hermes',
  'qwen3-coder',
  'lfm2',
  'gemma-4',
  'llama-3',
  'mistral',
  'kimi-k3',
  'glm',
  'minimax-m3',
] as const;

const spelled: Readonly<Record<(typeof formats)[number], string>> = {
  hermes: 'So: <tool_call>\n{"name": "w", "arguments": {"city": "Ber\\nlin", "n": 12}}\n</tool_call>',
  'qwen3-coder':
    'So: <tool_call>\n<function=w>\n<parameter=city>\nBer\nlin\n</parameter>\n<parameter=n>\n12\n</parameter>\n</function>\n</tool_call>',
  lfm2: 'So: <|tool_call_start|>[w(city="Ber\\nlin", n=12)]<|tool_call_end|>',
  'gemma-4': 'So: <|tool_call>call:w{city:<|"|>Ber\nlin<|"|>,n:12}<tool_call|>',
  'llama-3': '{"name": "w", "parameters": {"city": "Ber\\nlin", "n": 12}}',
  mistral: 'So: [TOOL_CALLS][{"name": "w", "arguments": {"city": "Ber\\nlin", "n": 12}}]',
  'kimi-k3':
    'So: <|open|>tools<|sep|><|open|>call tool="w" index="0"<|sep|><|open|>argument key="city" type="string"<|sep|>Ber\nlin<|close|>argument<|sep|><|open|>argument key="n" type="number"<|sep|>12<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
  'minimax-m3':
    'So: ]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="w">]<]minimax[>[<city>Ber\nlin]<]minimax[>[</city>]<]minimax[>[<n>12]<]minimax[>[</n>]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>',
  glm: 'So: <tool_call>w\n<arg_key>city</arg_key>\n<arg_value>Ber\nlin</arg_value>\n<arg_key>n</arg_key>\n<arg_value>12</arg_value>\n</tool_call>',
};

function read(format: string, text: string, before?: string) {
  const said: AnswerPart[] = [];
  const sink: Sink = {
    said: ({ parts }) => parts.forEach((part) => said.push(part)),
    prefill: () => undefined,
    scored: () => undefined,
  };
  const reader = createCallReader(
    undefined,
    { type: 'calls', format, tokens: [], tools, ...(before !== undefined && { before: { text: before } }) },
    sink,
  );
  reader.event({ type: 'piece', text });
  const end = (stopReason: 'length' | 'eos') => reader.end({ ...result, stopReason }) as GenerateResult;
  return { said, end };
}

const textIn = (parts: readonly AnswerPart[]) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

describe.each(formats)('an answer with a call spelled as %s', (format) => {
  it('goes on wherever it was cut off', () => {
    const all = spelled[format];
    for (let at = 1; at < all.length; at++) {
      const first = read(format, all.slice(0, at));
      const second = read(format, all.slice(at), all.slice(0, at));
      const calls = [...(first.end('length').toolCalls ?? []), ...(second.end('eos').toolCalls ?? [])];
      expect([at, calls.map(({ name, arguments: args }) => [name, args])]).toEqual([
        at,
        [['w', { city: 'Ber\nlin', n: 12 }]],
      ]);
      expect('So:'.endsWith(textIn(second.said).trim())).toBe(true);
    }
  });

  it('says its text once', () => {
    const text = 'Is 1 < 2 ? \n \n<b> yes <tool> ';
    for (let at = 1; at < text.length; at++) {
      const first = read(format, text.slice(0, at));
      first.end('length');
      const second = read(format, text.slice(at), text.slice(0, at));
      second.end('eos');
      expect(textIn(first.said) + textIn(second.said)).toBe(text);
    }
  });
});

describe('what a callback throws', () => {
  it('ends the call where the answer may have calls, and nothing else', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const sink: Sink = {
      said: () => undefined,
      scored: () => undefined,
      prefill: () => {
        throw new Error('no progress bar');
      },
    };
    const reader = await createPartReader(undefined, sink);
    reader.event({ type: 'calls', format: 'hermes', tokens: [], tools });
    reader.event({ type: 'prefill', nDone: 1, nTotal: 1 });
    await expect(reader.end(result)).rejects.toThrow('no progress bar');
    const other = await createPartReader(undefined, sink);
    other.event({ type: 'calls', format: 'hermes', tokens: [], tools });
    other.event({ type: 'prefill', nDone: 1, nTotal: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(() => other.event({ type: 'piece', text: 'a' })).toThrow('no progress bar');
  });
});

describe('a mark of thoughts that is spelled in letters', () => {
  const marks = [
    { elements: ['<think>'], to: 'thinking', inside: 'text' },
    { elements: ['</think>'], to: 'text', inside: 'thinking' },
  ] as const;
  const call = '<tool_call>\n{"name": "w", "arguments": {"city": "what does <think> mean?"}}\n</tool_call>';
  const partsOf = (pieces: readonly string[], prompt?: string) => {
    const said: AnswerPart[] = [];
    const sink: Sink = {
      said: ({ parts }) => parts.forEach((part) => said.push(part)),
      prefill: () => undefined,
      scored: () => undefined,
    };
    const reader = createCallReader(
      { marks, tokens: [] },
      { type: 'calls', format: 'hermes', tokens: [], tools },
      sink,
    );
    if (prompt !== undefined) reader.event({ type: 'before', goesOn: false, isHeld: true, text: prompt });
    for (const text of pieces) reader.event({ type: 'piece', text });
    const { toolCalls } = reader.end(result) as GenerateResult;
    return { toolCalls, thinking: said.map((part) => (part.type === 'thinking' ? part.text : '')).join('') };
  };

  it.each([
    ['whole', (text: string) => [text]],
    ['in pieces', (text: string) => [...text]],
  ])('is none inside an argument, and one before all else (%s)', (_, cut) => {
    const toolCalls = [{ id: expect.any(String) as string, name: 'w', arguments: { city: 'what does <think> mean?' } }];
    expect(partsOf(cut(call))).toEqual({ toolCalls, thinking: '' });
    expect(partsOf(cut(`<think>\nhm\n</think>\n\n${call}`))).toEqual({ toolCalls, thinking: 'hm' });
    expect(partsOf(cut(`hm\n</think>\n\n${call}`), 'hi<think>\n')).toEqual({ toolCalls, thinking: 'hm' });
    expect(partsOf(cut(call), 'hi')).toEqual({ toolCalls, thinking: '' });
  });
});
