import { describe, expect, it, test } from 'vitest';
import { grammarOfCalls } from '../../../src/chat/tools/call_grammar.ts';
import { jsonOf, propertyTypes, typesOf } from '../../../src/chat/tools/schema_types.ts';
import { CompiledGrammar, Matcher } from '../../../src/grammar/matcher.ts';
import { Vocabulary } from '../../../src/grammar/vocabulary.ts';
import { UnsupportedError } from '../../../src/base/errors.ts';

type Schema = Record<string, unknown>;

const vocabulary = new Vocabulary({
  nVocab: 257,
  bytes: (token) => (token < 256 ? Uint8Array.of(token) : new Uint8Array(0)),
  isControl: (token) => token === 256,
  isEnd: (token) => token === 256,
});

/** How a call with one argument is spelled. */
const spellings: Readonly<Record<string, (value: string, key?: string) => string>> = {
  lfm2: (value, key = 'm') => `<|tool_call_start|>[r(${key}=${value})]<|tool_call_end|>`,
  'gemma-4': (value, key = 'm') => `<|tool_call>call:r{${key}:${value}}<tool_call|>`,
  'qwen3-coder': (value, key = 'm') =>
    `<tool_call>\n<function=r>\n<parameter=${key}>\n${value}\n</parameter>\n</function>\n</tool_call>`,
};

/** Whether the tool may be called so. */
function fits(format: string, parameters: Schema, call: string): boolean {
  const tools = [{ type: 'function', function: { name: 'r', parameters } }];
  const grammar = grammarOfCalls(
    { format, tokens: [], tools, choice: 'required', isSingle: true, free: [] },
    () => undefined,
  );
  const matcher = new Matcher(new CompiledGrammar(grammar, vocabulary));
  return matcher.acceptBytes(new TextEncoder().encode(call)) && matcher.mayEnd;
}

const fitsOne = (format: string, schema: Schema, value: string, more: Schema = {}): boolean =>
  fits(format, { type: 'object', properties: { m: schema }, ...more }, spellings[format]!(value));

const texts: Readonly<Record<string, (text: string) => string>> = {
  lfm2: (text) => JSON.stringify(text),
  'gemma-4': (text) => `<|"|>${text}<|"|>`,
  'qwen3-coder': (text) => text,
};

describe.each(Object.keys(spellings))('arguments spelled as %s', (format) => {
  const spelled = texts[format]!;
  const definitions = { $defs: { s: { type: 'string' }, '50%': { type: 'string' } } };

  it('are of the values that a schema lists, and of its type', () => {
    expect(fitsOne(format, { type: 'string', enum: [1, 'a'] }, spelled('a'))).toBe(true);
    expect(fitsOne(format, { type: 'string', enum: [1, 'a'] }, '1')).toBe(false);
    expect(fitsOne(format, { type: ['string', 'null'], enum: ['a', null] }, format === 'lfm2' ? 'None' : 'null')).toBe(
      true,
    );
    expect(fitsOne(format, { type: 'integer', enum: [1, 1.5] }, '1.5')).toBe(false);
  });

  it.each([
    ['$ref with more', { $ref: '#/$defs/s', maxLength: 2 }, /has maxLength/],
    ['enum with more', { enum: ['a', 'b'], not: { const: 'a' } }, /has not/],
    ['enum with a length', { type: 'string', enum: ['a', 'b'], maxLength: 0 }, /has maxLength/],
    ['enum and const', { enum: ['a', 'b'], const: 'a' }, /has enum/],
    ['enum of another type', { type: 'number', enum: ['a'] }, /has no value of its type/],
    ['anyOf and oneOf', { anyOf: [{ type: 'string' }], oneOf: [{ type: 'null' }] }, /has oneOf/],
    ['a reference to nothing', { $ref: '#/$defs/__proto__' }, /__proto__/],
    ['a format of texts beside values', { enum: ['a'], format: 'date' }, /has format/],
  ])('are not to be held to %s, which is said', (_, schema, message) => {
    expect(() => fitsOne(format, schema, spelled('a'), definitions)).toThrow(message);
  });

  it('are of the format that a text has', () => {
    expect(fitsOne(format, { type: 'string', format: 'date' }, spelled('2024-02-29'))).toBe(true);
    expect(fitsOne(format, { type: 'string', format: 'date' }, spelled('2023-02-29'))).toBe(false);
    expect(fitsOne(format, { type: 'string', format: 'uri' }, spelled('https://a.example/b?c=1'))).toBe(true);
    expect(fitsOne(format, { type: 'string', format: 'uri' }, spelled('not a uri'))).toBe(false);
    expect(fitsOne(format, { type: 'string', format: 'of nobody' }, spelled('any text'))).toBe(true);
    expect(fitsOne(format, { type: 'integer', format: 'int32' }, '12')).toBe(true);
  });

  it('are of the schema of other members, where none is named', () => {
    const counts = { type: 'object', additionalProperties: { type: 'integer' } };
    expect(fits(format, counts, spellings[format]!('12', 'a'))).toBe(true);
    expect(fits(format, counts, spellings[format]!(spelled('text'), 'a'))).toBe(false);
    const inside = format === 'gemma-4' ? '{a:1,b:2}' : '{"a": 1, "b": 2}';
    expect(fitsOne(format, counts, inside)).toBe(true);
    expect(fitsOne(format, counts, inside.replace('2', spelled('text')))).toBe(false);
    const required = { type: 'object', required: ['m'], additionalProperties: { type: 'integer' } };
    expect(fits(format, required, spellings[format]!(spelled('text')))).toBe(false);
  });

  it('may be described by a reference', () => {
    const whole = { $ref: '#/$defs/all', $defs: { all: { type: 'object', properties: { m: { type: 'string' } } } } };
    expect(fits(format, whole, spellings[format]!(spelled('a')))).toBe(true);
    expect(fitsOne(format, { $ref: '#/$defs/50%', description: 'half' }, spelled('a'), definitions)).toBe(true);
  });

  it('are held to schemas alone', () => {
    expect(() => fitsOne(format, { type: 'string', maxLength: 'two' }, spelled('a'))).toThrow(TypeError);
    expect(() => fitsOne(format, { enum: 5 }, spelled('a'))).toThrow(TypeError);
    expect(() => fits(format, { type: 'array' }, '')).toThrow(UnsupportedError);
  });
});

/** Each definition is one of ten, all of which are the next: 10^9 ways to the last. */
function ladder(): Schema {
  const $defs: Schema = { x9: { type: 'string' } };
  for (let i = 0; i < 9; i++)
    $defs[`x${i}`] = { anyOf: Array.from({ length: 10 }, () => ({ $ref: `#/$defs/x${i + 1}` })) };
  return { type: 'object', properties: { m: { $ref: '#/$defs/x0' } }, $defs };
}

test('references that multiply are looked at once, or refused', () => {
  const root = ladder();
  expect([...propertyTypes(root, 'm')]).toEqual(['string']);
  expect(() => fits('qwen3-coder', root, '')).toThrow(UnsupportedError);
  expect(fits('lfm2', root, spellings['lfm2']!('"a"'))).toBe(true);
  const self = { $defs: { x: { anyOf: [{ $ref: '#/$defs/x' }, { type: 'string' }] } } };
  expect(() => fitsOne('qwen3-coder', { $ref: '#/$defs/x' }, 'a', self)).toThrow(/refers to itself/);
  expect(typesOf({ $ref: '#/$defs/x' }, self).has('string')).toBe(true);
});

test('a schema that many arguments refer to is compiled so often, and no more', () => {
  const v = { description: 'x'.repeat(100_000), type: 'integer' };
  const properties = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`p${i}`, { $ref: '#/$defs/v' }]));
  expect(() => fits('qwen3-coder', { type: 'object', properties, $defs: { v } }, '')).toThrow(UnsupportedError);
});

test('what a reader takes for the type of an argument is what its schema says', () => {
  const $defs = { a: { $ref: '#/$defs/b' }, b: { type: 'object', additionalProperties: { type: 'string' } } };
  expect([...propertyTypes({ $ref: '#/$defs/a', $defs }, 'any')]).toEqual(['string']);
});

test('an underscore is no number', () => {
  for (const text of ['_', '__', '-', '.', '+_']) expect(jsonOf(text, new Set(['string', 'number']))).toBe(`"${text}"`);
  expect(jsonOf('1_000', new Set(['number', 'integer']))).toBe('1000');
});

test('a tool does not have the name of a text', () => {
  const options = { tokens: [], choice: 'auto', isSingle: false, free: [] } as const;
  const tools = [{ type: 'function', function: { name: 'all' } }];
  expect(() => grammarOfCalls({ ...options, tools, format: 'functionary-3.2' }, () => undefined)).toThrow(RangeError);
  expect(() => grammarOfCalls({ ...options, tools, format: 'hermes' }, () => undefined)).not.toThrow();
});
