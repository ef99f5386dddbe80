import { describe, expect, it, test } from 'vitest';
import type { ToolFormat } from '../../../src/chat/tools/format.ts';
import { formatNamed, formatOf, formats } from '../../../src/chat/tools/formats.ts';
import { Calls, type Told } from '../../../src/chat/tools/reader.ts';
import { toolsOf } from '../../../src/chat/tools/tool.ts';
import type { MarkedText } from '../../../src/chat/parts.ts';
import { templates } from '../helpers.ts';
import { definitions, samples, type Call } from './samples.ts';

const tools = toolsOf(definitions);

function told(format: ToolFormat, pieces: readonly MarkedText[], tokens: readonly string[] = []): (string | Call)[] {
  let nIds = 0;
  const calls = new Calls({ format, tokens, tools, newId: () => `made${nIds++}` });
  const all: Told[] = [...pieces.flatMap((piece) => calls.push(piece)), ...calls.end()];
  const parts: (string | Call)[] = [];
  const found: { name: string; json: string; id: string; at: number }[] = [];
  for (const part of all) {
    if (part.type === 'text') {
      const last = parts.at(-1);
      if (typeof last === 'string') parts[parts.length - 1] = last + part.text;
      else parts.push(part.text);
      continue;
    }
    if (part.name !== undefined) {
      expect(part.index).toBe(found.length);
      found.push({ name: part.name, json: '', id: part.id, at: parts.length });
      parts.push(['', undefined]);
    }
    expect(part.id).toBe(found[part.index]!.id);
    found[part.index]!.json += part.arguments;
  }
  for (const { name, json, id, at } of found)
    parts[at] = id.startsWith('made') ? [name, JSON.parse(json)] : [name, JSON.parse(json), id];
  return parts;
}

/** Every token of a format that stands in a text, as a token. */
function tokenised(text: string, tokens: readonly string[]): MarkedText[] {
  const pieces: MarkedText[] = [];
  let nChars = 0;
  const escaped = tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).sort((a, b) => b.length - a.length); // prettier-ignore
  for (const piece of tokens.length > 0 ? text.split(new RegExp(`(${escaped.join('|')})`)) : [text]) {
    if (piece !== '') pieces.push(tokens.includes(piece) ? { text: piece, marks: [nChars] } : { text: piece });
    nChars += piece.length;
  }
  return pieces;
}

describe.each(samples.map((sample, i) => [i, ...sample] as const))('%i %s: %j', (_, name, answer, parts) => {
  const format = formatNamed(name);

  it('is told apart', () => {
    expect(format.name).toBe(name);
    expect(told(format, [{ text: answer }])).toEqual(parts);
  });

  it('comes to the same wherever it is cut', () => {
    expect(
      told(
        format,
        [...answer].map((text) => ({ text })),
      ),
    ).toEqual(parts);
    for (let at = 1; at < answer.length; at++) {
      if (/[\udc00-\udfff]/.test(answer[at]!)) continue;
      const found = told(format, [{ text: answer.slice(0, at) }, { text: answer.slice(at) }]);
      if (JSON.stringify(found) !== JSON.stringify(parts)) expect(found, `cut at ${at}`).toEqual(parts);
    }
  });

  it('comes to the same where marks are tokens', () => {
    if (answer === '<tool_call>\n{"nam": 1}\n</tool_call> x' || answer.startsWith('I would write')) return;
    expect(told(format, tokenised(answer, format.tokens), format.tokens)).toEqual(parts);
  });
});

test('every format has a sample', () => {
  const names = new Set(samples.map(([name]) => name));
  const without = formats.map(({ name }) => name).filter((name) => !names.has(name));
  expect(without).toEqual(['harmony']); // whose calls are messages: test/chat/harmony
});

test('what is cut off is a call that is no JSON yet', () => {
  for (const [name, answer] of samples) {
    const format = formatNamed(name);
    const nCalls = told(format, [{ text: answer }]).filter((part) => typeof part !== 'string').length;
    for (let at = 1; at < answer.length; at++) {
      const calls = new Calls({ format, tokens: [], tools, newId: () => 'id' });
      const all = [...calls.push({ text: answer.slice(0, at) }), ...calls.end()];
      const json = new Map<number, string>();
      for (const part of all)
        if (part.type === 'tool_call') json.set(part.index, (json.get(part.index) ?? '') + part.arguments);
      const said = all.map((part) => (part.type === 'text' ? part.text : '')).join('');
      const whole = [...json.values()].filter((text) => isJson(text)).length;
      expect(json.size).toBeLessThanOrEqual(nCalls);
      expect(whole).toBeGreaterThanOrEqual(json.size - 1); // the last alone may be cut off
      if (nCalls === 0 && !format.opened?.text && !answer.startsWith('<TOOLCALL>'))
        expect(said, `${name} at ${at}`).toBe(answer.slice(0, at));
    }
  }
});

const isJson = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
};

test('a mark that is a token of the vocabulary is none where it is spelled out', () => {
  const hermes = formatNamed('hermes');
  const answer = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>';
  expect(told(hermes, [{ text: answer }], hermes.tokens)).toEqual([answer]);
  const glm = formatNamed('glm');
  const pieces = [
    { text: '<tool_call>', marks: [0] },
    { text: 'now' },
    { text: '<arg_key>', marks: [14] },
    { text: 'zone' },
    { text: '</arg_key>', marks: [27] },
    { text: '<arg_value>', marks: [37] },
    { text: 'a </arg_value> b</tool_call>' },
    { text: '</arg_value>', marks: [76] },
    { text: '</tool_call>', marks: [88] },
  ];
  expect(told(glm, pieces, glm.tokens)).toEqual([['now', { zone: 'a </arg_value> b</tool_call>' }]]);
});

test.each([
  ['Qwen-Qwen2.5-7B-Instruct', 'hermes'],
  ['Qwen-Qwen3-0.6B', 'hermes'],
  ['meta-llama-Llama-3.2-3B-Instruct', 'llama-3'],
  ['openai-gpt-oss-120b', 'harmony'],
])('%s calls as %s does', (name, format) => {
  expect(formatOf({ template: templates.get(name)!, isToken: () => false }).name).toBe(format);
});

test('the vocabulary says how a model calls where the template does not', () => {
  const isToken = (text: string) => ['<|tool_call_start|>', '<|tool_call_end|>'].includes(text);
  expect(formatOf({ template: templates.get('LFM2-8B-A1B')!, isToken }).name).toBe('lfm2');
  expect(formatOf({ template: '{{ tools }}', isToken: () => false }).name).toBe('generic');
});

test('a tool whose name begins with a digit is heard', () => {
  const named = toolsOf([{ type: 'function', function: { name: '3d_render' } }]);
  const calls = new Calls({ format: formatNamed('lfm2'), tokens: [], tools: named, newId: () => 'id' });
  const [first] = [...calls.push({ text: '<|tool_call_start|>[3d_render(a="x")]<|tool_call_end|>' }), ...calls.end()];
  expect(first).toMatchObject({ type: 'tool_call', name: '3d_render' });
});

test('a tree of tags that goes on and on is a call that is no JSON, and one that is deep is text', () => {
  const format = formatNamed('minimax-m3');
  const mark = ']<]minimax[>[';
  const begin = `${mark}<tool_call>\n${mark}<invoke name="mixed">${mark}<more>`;
  const read = (text: string) => {
    const calls = new Calls({ format, tokens: [], tools, newId: () => 'id' });
    const all = [...calls.push({ text }), ...calls.end()];
    return all.map((part) => (part.type === 'tool_call' ? part.arguments : part.text)).join('');
  };
  const deep = read(begin + `${mark}<a>`.repeat(5000));
  expect(isJson(deep)).toBe(false);
  const closed = read(begin + `${mark}<a>`.repeat(60) + `${mark}</a>`.repeat(60) + `${mark}</more>${mark}</invoke>`);
  expect(closed.length).toBeLessThan(2000);
  expect(read(`${begin}${mark}<__proto__>1${mark}</__proto__>${mark}</more>${mark}</invoke>`)).toBe('{"more": {"__proto__":1}}'); // prettier-ignore
});
