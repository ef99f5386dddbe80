/** What the tables of parameters make of values. */
import { describe, expect, it } from 'vitest';
import { bias } from '../../src/server/logit_bias.ts';
import { HttpError } from '../../src/server/http_error.ts';
import { format, keepAlive } from '../../src/server/ollama/options.ts';
import { KeptResponses } from '../../src/server/openai/kept_responses.ts';
import { messages } from '../../src/server/openai/messages.ts';
import { input } from '../../src/server/openai/response_items.ts';
import { readParameters, refused, stops, unseen, whole } from '../../src/server/parameters.ts';
import { prompts } from '../../src/server/prompts.ts';
import { findRoute } from '../../src/server/routes.ts';
import { seed } from '../../src/server/sampling_parameters.ts';

describe('parameters', () => {
  it.each([
    [300, 300_000],
    ['300', 300_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    [0, 0],
    [-1, Infinity],
    ['-1m', Infinity],
  ])('keep_alive %j is %d ms', (value, ms) => expect(keepAlive(value, 'keep_alive')).toBe(ms));

  it.each(['soon', '5 minutes', '', {}, true])('keep_alive %j is none', (value) =>
    expect(() => keepAlive(value, 'keep_alive')).toThrow(HttpError),
  );

  it('prompts are texts, tokens, pieces, or lists of them', () => {
    expect(prompts('a', 'p')).toEqual(['a']);
    expect(prompts([1, 2], 'p')).toEqual([[1, 2]]);
    expect(prompts(['a', [1, 2]], 'p')).toEqual(['a', [1, 2]]);
    expect(prompts([1, 'a', 2], 'p')).toEqual([[1, 'a', 2]]);
    expect(prompts({ prompt_string: 'a' }, 'p')).toEqual(['a']);
    for (const bad of [[], [[]], [-1], [1.5], [[1, null]], 7, { prompt_string: 'a', multimodal_data: ['x'] }])
      expect(() => prompts(bad, 'p'), JSON.stringify(bad)).toThrow(HttpError);
  });

  it('biases have OpenAI’s form or llama-server’s', () => {
    expect(bias({ 5: -100, ' a': 2 }, 'b')).toEqual([
      [5, -100],
      [' a', 2],
    ]);
    expect(bias([[5, false]], 'b')).toEqual([[5, -Infinity]]);
    for (const bad of [7, [[1]], [[true, 1]], { 5: 'x' }]) expect(() => bias(bad, 'b')).toThrow(HttpError);
  });

  it('a negative seed is one like others, -1 none', () => {
    expect(seed(-1, 's')).toBeUndefined();
    expect(seed(-2, 's')).toBe(Number.MAX_SAFE_INTEGER - 1);
    expect(() => seed(0.5, 's')).toThrow(HttpError);
  });

  it('formats are a schema, json, or none', () => {
    expect([format('', 'f'), format('json', 'f')]).toEqual([undefined, { type: 'object' }]);
    expect(() => format('xml', 'f')).toThrow(HttpError);
    expect(stops('', 's')).toEqual([]);
  });

  it('what a table does not know is refused or passed over, never taken from its prototype', () => {
    const table = { n: { check: whole(1) }, user: unseen, old: refused('it is old', 1) };
    expect(readParameters({ n: 2, x: 1, user: {} }, table, 'ignore').given).toEqual({ n: 2, user: {} });
    expect(() => readParameters({ x: 1 }, table, 'refuse')).toThrow('Unrecognized request argument supplied: x');
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(() => readParameters(JSON.parse(`{"${name}":1}`), table, 'refuse')).toThrow(HttpError);
    expect(readParameters({ old: 1 }, table, 'refuse').given).toEqual({ old: undefined });
    expect(() => readParameters({ old: 2 }, table, 'refuse')).toThrow("'old' is not supported: it is old");
  });
});

describe('conversations', () => {
  it('have calls and their results, in OpenAI’s two ways to write them', () => {
    const call = { id: 'c1', name: 'f', arguments: '{"a":1}' };
    const expected = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, toolCalls: [call], reasoningContent: 'Hm.' },
      { role: 'tool', toolCallId: 'c1', content: '2' },
    ];
    const tool_calls = [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }];
    const said = { role: 'assistant', content: null, tool_calls, reasoning_content: 'Hm.' };
    expect(
      messages([expected[0], said, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '2' }] }], 'm'),
    ).toEqual(expected);
    const items = [
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'reasoning', id: 'r', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c1', output: '2' },
    ];
    expect(input(items, 'input')).toEqual(expected);
    expect(input([...items, { type: 'message', role: 'assistant', content: 'Two.' }], 'input').at(-1)).toMatchObject({
      content: 'Two.',
    });
    expect(messages([{ role: 'developer', content: 'Be brief.' }], 'm')[0]!.role).toBe('system');
    expect(() => input([{ type: 'computer_call' }], 'input')).toThrow('\'input[0].type\' is "computer_call"');
  });
});

it('of responses the latest are kept, by number and by size', () => {
  const kept = new KeptResponses();
  const keep = (id: string, text = '') => kept.keep({ response: { id }, messages: [{ role: 'user', content: text }] });
  for (let i = 0; i < 1001; i++) keep(String(i));
  expect([kept.get('0'), kept.get('1')]).toEqual([undefined, expect.anything()]);
  keep('long', 'x'.repeat(16 * 2 ** 20 - 1000));
  expect([kept.get('900'), kept.get('long')]).toEqual([undefined, expect.anything()]);
  expect([kept.delete('long'), kept.delete('long')]).toEqual([true, false]);
});

it('routes are found by path and method, and names behind a path are decoded', () => {
  const of = (method: string, path: string) => findRoute(method, path, new URL('http://x'));
  expect(of('GET', '/v1/models/org%2Frepo%2Ffile.gguf').rest).toBe('org/repo/file.gguf');
  expect(of('GET', '/v1/models/org/repo').rest).toBe('org/repo');
  expect(of('GET', '/v1/models/').route.paths[0]).toBe('/v1/models');
  expect(of('HEAD', '/').route.paths[0]).toBe('/');
  expect(of('DELETE', '/v1/responses/resp_1')).toMatchObject({ rest: 'resp_1', route: { method: 'DELETE' } });
  expect(of('GET', '/v1/models/%zz').rest).toBe('%zz');
  expect(() => of('PUT', '/api/chat')).toThrow('takes POST');
});
