import { describe, expect, test } from 'vitest';
import { controls } from '../../../src/chat/harmony/control_tokens.ts';
import { inMessages } from '../../../src/chat/harmony/grammar.ts';
import { grammarOfCalls } from '../../../src/chat/tools/call_grammar.ts';
import type { CallsOptions } from '../../../src/chat/tools/tool.ts';
import { CompiledGrammar, Matcher } from '../../../src/grammar/matcher.ts';
import { grammarOfSchema } from '../../../src/grammar/schema/schema.ts';
import { Vocabulary } from '../../../src/grammar/vocabulary.ts';

const spelled = controls.map((control) => `<|${control}|>`);
const first = 256;
const nVocab = first + spelled.length;
const encoder = new TextEncoder();
const tokenOf = (text: string) => (spelled.includes(text) ? first + spelled.indexOf(text) : undefined);
const vocabulary = new Vocabulary({
  nVocab,
  bytes: (token) => (token < first ? Uint8Array.of(token) : encoder.encode(spelled[token - first])),
  isControl: (token) => token >= first,
  isEnd: (token) => ['<|return|>', '<|call|>'].includes(spelled[token - first] ?? ''),
});

const tools = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } }, // prettier-ignore
  },
  { type: 'function', function: { name: 'now' } },
];
type Opening = Parameters<typeof inMessages>[1]['opening'];

const callsGrammar = (given: Partial<CallsOptions>, opening: Opening = 'thought') => {
  const options: CallsOptions = { format: 'harmony', tokens: spelled, tools, choice: 'auto', isSingle: true, free: [], ...given }; // prettier-ignore
  return new CompiledGrammar(inMessages(grammarOfCalls(options, tokenOf), { opening, isMessages: true }, tokenOf), vocabulary); // prettier-ignore
};
const heldGrammar = (opening: Opening = 'thought') =>
  new CompiledGrammar(inMessages(grammarOfSchema({ enum: ['yes', 'no'] }, { space: 'one' }), { opening, isMessages: false }, tokenOf), vocabulary); // prettier-ignore

/** Whether an answer is a whole sentence; tokens are spelled out. */
function allows(grammar: CompiledGrammar, answer: string): boolean {
  const matcher = new Matcher(grammar);
  for (const part of answer.split(/(<\|[a-z]+\|>)/)) {
    const token = tokenOf(part);
    const tokens = token === undefined ? [...encoder.encode(part)] : [token];
    for (const each of tokens) {
      const mask = matcher.mask();
      if (!((mask[each >> 5]! >> (each & 31)) & 1)) return false;
      matcher.accept(each);
    }
  }
  return matcher.mayEnd;
}

const start = '<|end|><|start|>assistant';
const thought = `<|channel|>analysis<|message|>Hm {"a": 1}${start}`;
const preamble = `<|channel|>commentary<|message|>I look.${start}`;
const final = '<|channel|>final<|message|>';
const json = '{"city": "Paris"}';
const calls = [
  ` to=functions.weather<|channel|>commentary json<|message|>${json}`,
  ` to=functions.weather<|channel|>commentary <|constrain|>json<|message|>${json}`,
  `<|channel|>commentary to=functions.weather<|constrain|>json<|message|>${json}`,
  `<|channel|>commentary to=functions.weather <|constrain|>json<|message|>${json}`,
  `<|channel|>analysis to=functions.now<|message|>{}`,
];

describe('an answer that may call', () => {
  test('thinks, says something, and ends in an answer or in a call of a tool that there is', () => {
    const grammar = callsGrammar({});
    for (const before of ['', thought, thought + thought, preamble, thought + preamble + thought])
      for (const end of [`${final}Yes.`, ...calls]) expect([before + end, allows(grammar, before + end)]).toEqual([before + end, true]); // prettier-ignore
    for (const answer of [
      'Yes',
      thought,
      `${final}Yes${start}`,
      `${final}Yes${start}${calls[0]!}`,
      ' to=functions.other<|channel|>commentary json<|message|>{}',
      ' to=functions.weather<|channel|>commentary json<|message|>{"city": 1}',
      ' to=functions.weather<|channel|>final json<|message|>{}',
      '<|channel|>shout<|message|>x',
      '<|channel|>analysis<|message|>a<|channel|>final<|message|>b',
    ])
      expect([answer, allows(grammar, answer)]).toEqual([answer, false]);
  });

  test('must, or must not', () => {
    const [required, named, none] = [
      callsGrammar({ choice: 'required' }),
      callsGrammar({ choice: { name: 'now' } }),
      callsGrammar({ choice: 'none' }),
    ];
    const allowed = (answer: string) => [required, named, none].map((grammar) => allows(grammar, answer));
    expect(allowed(thought + calls[0]!)).toEqual([true, false, false]);
    expect(allowed(thought + calls[4]!)).toEqual([true, true, false]);
    expect(allowed(`${thought}${final}Yes`)).toEqual([false, false, true]);
  });

  test('is held to a schema where it does not, and says nothing beside it', () => {
    const grammar = callsGrammar({ schema: { enum: ['yes'] } });
    expect(allows(grammar, `${thought}${final}"yes"`)).toBe(true);
    expect(allows(grammar, `${thought}${final}yes`)).toBe(false);
    expect(allows(grammar, `${thought}${calls[1]!}`)).toBe(true);
    expect(allows(grammar, `${preamble}${calls[1]!}`)).toBe(false);
  });

  test('goes on in what the prompt has opened', () => {
    expect(allows(callsGrammar({}, 'open thought'), `Hm${start}${calls[0]!}`)).toBe(true);
    expect(allows(callsGrammar({}, 'open thought'), 'Hm')).toBe(false);
    expect(allows(callsGrammar({}, 'none'), 'Yes')).toBe(true);
    expect(allows(callsGrammar({}, 'none'), `Yes${start}${calls[0]!}`)).toBe(true);
  });

  test('of a tool whose schema cannot be says which', () => {
    const odd = [{ type: 'function', function: { name: 'odd', parameters: { type: 'object', properties: { a: { $ref: 'http://x/y' } } } } }]; // prettier-ignore
    expect(() => callsGrammar({ tools: odd })).toThrow(/tool odd: /);
  });
});

test('the channel final is held, thoughts before it are free', () => {
  const grammar = heldGrammar();
  for (const answer of [
    `${final}"yes"`,
    `${thought}${final}"no"`,
    `${thought}${thought}<|channel|>final <|constrain|>json<|message|>"no"`,
  ])
    // prettier-ignore
    expect([answer, allows(grammar, answer)]).toEqual([answer, true]);
  for (const answer of ['"yes"', `${thought}"yes"`, `${preamble}${final}"yes"`, `${final}yes`, `${final}"yes"${start}`])
    expect([answer, allows(grammar, answer)]).toEqual([answer, false]);
  expect(allows(heldGrammar('open thought'), `Hm${start}${final}"yes"`)).toBe(true);
});

test('tokens that a vocabulary lacks are spelled out', () => {
  const none = () => undefined;
  const plain = new Vocabulary({ nVocab: 257, bytes: (token) => Uint8Array.of(token), isControl: (token) => token === 256, isEnd: (token) => token === 256 }); // prettier-ignore
  const grammar = new CompiledGrammar(inMessages(grammarOfSchema({ const: 1 }, { space: 'one' }), { opening: 'thought', isMessages: false }, none), plain); // prettier-ignore
  const matcher = new Matcher(grammar);
  expect(matcher.acceptBytes(encoder.encode(`${thought}${final}1`)) && matcher.mayEnd).toBe(true);
  expect(new Matcher(grammar).acceptBytes(encoder.encode(`<|channel|>analysis<|message|>a<|end|>b`))).toBe(false);
});
