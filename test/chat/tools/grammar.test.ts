import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, test } from 'vitest';
import { callsOf } from '../../../src/chat/tools/done_calls.ts';
import { grammarOfCalls } from '../../../src/chat/tools/call_grammar.ts';
import { formatNamed, formats } from '../../../src/chat/tools/formats.ts';
import { generic } from '../../../src/chat/tools/value_formats.ts';
import type { ToolFormat } from '../../../src/chat/tools/format.ts';
import { Calls } from '../../../src/chat/tools/reader.ts';
import { toolsOf, type CallsOptions, type ToolChoice } from '../../../src/chat/tools/tool.ts';
import type { AnswerPart, MarkedText } from '../../../src/chat/parts.ts';
import { CompiledGrammar, Matcher } from '../../../src/grammar/matcher.ts';
import { Vocabulary } from '../../../src/grammar/vocabulary.ts';
import { seeded } from '../../tokenizers/vocabs.ts';
import { definitions, samples } from './samples.ts';

const ajv = new Ajv2020({ strict: false });
const validators = new Map(definitions.map(({ function: { name, parameters } }) => [name, ajv.compile(parameters)]));

/** A vocabulary of all bytes, some words, and the tokens of a format; the last one ends the text. */
function vocabularyOf(tokens: readonly string[]) {
  const words = [
    '{"',
    '": "',
    '", "',
    '"}',
    ' the',
    ' weather',
    'name',
    'arg',
    '\n',
    'true',
    '12',
    '>\n',
    '</',
    'Paris',
  ];
  const pieces = [...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...words.map(bytesOf)];
  const first = pieces.length;
  const end = first + tokens.length;
  const texts = (token: number) => (token < first ? pieces[token]! : bytesOf(tokens[token - first] ?? ''));
  return {
    end,
    first,
    tokenOf: (text: string) => (tokens.includes(text) ? first + tokens.indexOf(text) : undefined),
    bytes: texts,
    vocabulary: new Vocabulary({
      nVocab: end + 1,
      bytes: texts,
      isControl: (token) => token >= first,
      isEnd: (token) => token === end,
    }),
  };
}
const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

interface Case {
  readonly format: string;
  readonly choice?: ToolChoice;
  readonly isSingle?: boolean;
  readonly hasTokens?: boolean;
  readonly tools?: readonly Record<string, unknown>[];
}

/** Answers as a random model makes them under a grammar. It likes marks and ends, and few other things. */
function answersOf({
  format: name,
  choice = 'required',
  isSingle = false,
  hasTokens = true,
  tools = definitions,
}: Case) {
  const tokens = hasTokens ? formatNamed(name).tokens : [];
  const made = vocabularyOf(tokens);
  const options: CallsOptions = { format: name, tokens, tools, choice, isSingle, free: [] };
  const closers = closersOf(formatNamed(name)).map(bytesOf);
  const grammar = new CompiledGrammar(grammarOfCalls(options, made.tokenOf), made.vocabulary);
  return (seed: number) => {
    const matcher = new Matcher(grammar);
    const random = seeded(seed);
    const said: number[] = [];
    const oneOf = (tokens: readonly number[]) => tokens[Math.floor(random() * tokens.length)]!;
    for (;;) {
      const mask = matcher.mask();
      if (matcher.isDead) throw new Error(`dead behind ${textOf(said, made).text}`);
      const may: number[] = [];
      const ends: number[] = [];
      for (let token = 0; token <= made.end; token++) {
        if (!((mask[token >> 5]! >> (token & 31)) & 1)) continue;
        may.push(token);
        if (likely.has(token) || (token >= made.first && token < made.end)) ends.push(token);
      }
      const closing = random() < 0.3 ? closers.find((bytes) => matcher.fork().acceptBytes(bytes)) : undefined;
      if (closing) {
        matcher.acceptBytes(closing);
        for (const byte of closing) said.push(byte);
        continue;
      }
      const mayEnd = may.at(-1) === made.end;
      if (mayEnd && (may.length === 1 || random() < 0.5 || said.length > 600)) break;
      if (mayEnd) may.pop();
      const token = oneOf(ends.length > 0 && random() < (said.length > 300 ? 0.9 : 0.5) ? ends : may);
      matcher.accept(token);
      said.push(token);
    }
    return { ...textOf(said, made), tokens };
  };
}

/** Marks that end a text, which nobody writes by chance. */
function closersOf({ shape }: ToolFormat): string[] {
  if (shape.kind === 'braces') return [shape.quote];
  if (shape.kind === 'tree') return [`${shape.mark}</`];
  return shape.kind === 'tagged' && shape.arguments !== 'json' ? [shape.arguments.end.trim()] : [];
}

/** What ends values. */
const likely = new Set([...'"}])<\n'].map((char) => char.charCodeAt(0)));

function textOf(said: readonly number[], { bytes, first }: ReturnType<typeof vocabularyOf>): MarkedText {
  const marks: number[] = [];
  const all: number[] = [];
  const decoder = new TextDecoder();
  for (const token of said) {
    if (token >= first) marks.push(decoder.decode(Uint8Array.from(all)).length);
    for (const byte of bytes(token)) all.push(byte);
  }
  return { text: decoder.decode(Uint8Array.from(all)), marks };
}

function callsIn(
  { format, tools = definitions }: Case,
  { text, marks, tokens }: MarkedText & { tokens: readonly string[] },
) {
  const calls = new Calls({ format: formatNamed(format), tokens, tools: toolsOf(tools), newId: () => 'id' });
  const parts = [...calls.push({ text, ...(marks && { marks }) }), ...calls.end()] as AnswerPart[];
  return { calls: callsOf(parts, false), text: parts.map((part) => (part.type === 'text' ? part.text : '')).join('') };
}

const all = [...formats.filter(({ shape }) => shape.kind !== 'message'), generic]; // messages: test/chat/harmony

describe.each(all.map(({ name, tokens }) => [name, tokens.length > 0] as const))('calls of %s', (name, hasTokens) => {
  it.each(hasTokens ? [true, false] : [false])('parse and are valid, whatever the model (tokens: %s)', (hasTokens) => {
    const made = { format: name, hasTokens };
    const answerOf = answersOf(made);
    for (let seed = 1; seed <= 4; seed++) {
      const answer = answerOf(seed);
      const { calls, text } = callsIn(made, answer);
      expect(calls.length, answer.text).toBeGreaterThan(0);
      expect(text.trim(), answer.text).toBe('');
      for (const call of calls) {
        const isValid = validators.get(call.name)!;
        expect(
          isValid(call.arguments),
          `${answer.text}\n${JSON.stringify(call)} ${JSON.stringify(isValid.errors)}`,
        ).toBe(true);
      }
    }
  });

  it('are of the tool that is named, and one where one is wanted', () => {
    const made: Case = { format: name, choice: { name: 'now' }, isSingle: true };
    const answerOf = answersOf(made);
    for (let seed = 1; seed <= 3; seed++)
      expect(callsIn(made, answerOf(seed)).calls.map((call) => call.name)).toEqual(['now']);
  });

  it('can be left out, or not be made', () => {
    const auto: Case = { format: name, choice: 'auto' };
    const none: Case = { format: name, choice: 'none' };
    const [autoOf, noneOf] = [answersOf(auto), answersOf(none)];
    for (let seed = 1; seed <= 3; seed++) {
      for (const call of callsIn(auto, autoOf(seed)).calls)
        expect(validators.get(call.name)!(call.arguments)).toBe(true);
      expect(callsIn(none, noneOf(seed)).calls).toEqual([]);
    }
  });
});

/** Spelled as other models of the format would, or with text behind. */
const otherwise =
  /<tool_call>\{|\{"id": "D|Action:|"now"\}|Done, I think|<\/TOOLCALL>\n|action_end\|>\n|"type": "function"|; \{|True\n|'a': \[|CDATA|"Paris",days=|zone='|0x10|'Paris', 3|"a b|a b<\|/;

test('what models of a format say may be said', () => {
  for (const [name, answer, parts] of samples) {
    if (!parts.some((part) => typeof part !== 'string') || otherwise.test(answer)) continue;
    const made = vocabularyOf([]);
    const options: CallsOptions = { format: name, tokens: [], tools: definitions, choice: 'auto', isSingle: false, free: [] }; // prettier-ignore
    const matcher = new Matcher(new CompiledGrammar(grammarOfCalls(options, made.tokenOf), made.vocabulary));
    expect([name, answer, matcher.acceptBytes(bytesOf(answer)) && matcher.mayEnd]).toEqual([name, answer, true]);
  }
});
