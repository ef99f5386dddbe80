import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Messages } from '../../../src/chat/harmony/messages.ts';
import { controls } from '../../../src/chat/harmony/control_tokens.ts';
import type { AnswerPart, MarkedText } from '../../../src/chat/parts.ts';
import { seeded } from '../../tokenizers/vocabs.ts';

const tokens = controls.map((control) => `<|${control}|>`);

interface Golden {
  readonly parts: readonly string[];
  readonly messages: readonly { readonly channel: string | null; readonly recipient: string | null; readonly text: string }[]; // prettier-ignore
}
const { answers } = JSON.parse(
  readFileSync(new URL('../../fixtures/chat/harmony/goldens.json', import.meta.url), 'utf8'),
) as { answers: Golden[] };

/** Pieces of an answer: `[channel]` is the token. */
const piecesOf = (parts: readonly string[]): MarkedText[] => {
  let nChars = 0;
  return parts.map((part) => {
    const control = /^\[(\w+)\]$/.exec(part)?.[1];
    const text = control === undefined ? part : `<|${control}|>`;
    const piece = control === undefined ? { text } : { text, marks: [nChars] };
    nChars += text.length;
    return piece;
  });
};

/** The same, character by character. */
const characters = (pieces: readonly MarkedText[]): MarkedText[] =>
  pieces.flatMap(({ text, marks }) =>
    [...text].map((character, i) => ({ text: character, ...(i === 0 && marks && { marks }) })),
  );

function merged(told: readonly AnswerPart[]): string[] {
  const parts: { kind: string; text: string }[] = [];
  for (const part of told) {
    const kind = part.type === 'tool_call' ? `call ${part.index}` : part.type;
    const text = part.type === 'tool_call' ? part.arguments : part.text;
    if (part.type === 'tool_call' && part.name !== undefined) parts.push({ kind: `${kind} ${part.name}`, text });
    else if (parts.at(-1)?.kind.startsWith(kind)) parts.at(-1)!.text += text;
    else parts.push({ kind, text });
  }
  return parts.map(({ kind, text }) => `${kind}: ${text}`);
}

function told(
  pieces: readonly MarkedText[],
  { before, isWhole = true, hasCalls = true }: { before?: MarkedText & { goesOn?: boolean }; isWhole?: boolean; hasCalls?: boolean } = {}, // prettier-ignore
): string[] {
  let n = 0;
  const messages = new Messages({ tokens, ...(hasCalls && { newId: () => `id${n++}` }) });
  const begun = before ? messages.startAfter(before, { goesOn: before.goesOn ?? false }) : [];
  const all = [...begun, ...pieces.flatMap((piece) => messages.push(piece)), ...messages.end(isWhole)];
  expect(all.filter((part) => part.type !== 'tool_call' && part.text === '')).toEqual([]);
  return merged(all);
}

/** What OpenAI's library reads, as parts. */
function expected({ messages }: Golden): string[] {
  const all: AnswerPart[] = [];
  const said = new Set<string>();
  let index = 0;
  for (const { channel, recipient, text } of messages) {
    if (recipient !== null) {
      const id = `id${index}`;
      all.push({ type: 'tool_call', index, id, name: recipient.replace('functions.', ''), arguments: '' });
      all.push({ type: 'tool_call', index: index++, id, arguments: text });
    } else if (text !== '') {
      const type = channel === 'analysis' ? 'thinking' : 'text';
      all.push({ type, text: (said.has(type) ? '\n\n' : '') + text });
      said.add(type);
    }
  }
  return merged(all);
}

describe('messages', () => {
  test("are those that OpenAI's library reads, wherever the text is cut", () => {
    expect(answers.length).toBeGreaterThan(100);
    const random = seeded(7);
    for (const golden of answers) {
      const pieces = piecesOf(golden.parts);
      const [name, want] = [golden.parts.join(''), expected(golden)];
      expect([name, told(pieces)]).toEqual([name, want]);
      expect([name, told(characters(pieces))]).toEqual([name, want]);
      const whole = { text: pieces.map(({ text }) => text).join(''), marks: pieces.flatMap(({ marks = [] }) => marks) };
      expect([name, told([whole])]).toEqual([name, want]);
      const at = Math.floor(random() * whole.text.length);
      const halves = [{ text: whole.text.slice(0, at), marks: whole.marks }, { text: whole.text.slice(at) }];
      expect([name, told(halves)]).toEqual([name, want]);
    }
  });

  test('go on wherever they were cut off', () => {
    const prompt = '<|start|>user<|message|>hi<|end|><|start|>assistant';
    const marks = [0, 13, 26, 33];
    for (const { parts } of answers.slice(0, 60)) {
      const pieces = piecesOf(parts);
      const whole = told(pieces, { before: { text: prompt, marks } });
      for (let n = 1; n < pieces.length; n++) {
        const first = pieces.slice(0, n);
        const before = {
          text: prompt + first.map(({ text }) => text).join(''),
          marks: [...marks, ...first.flatMap((piece) => (piece.marks ?? []).map((at) => at + prompt.length))],
          goesOn: true,
        };
        const nBefore = before.text.length - prompt.length;
        const rest = pieces.slice(n).map(({ text, marks: at }) => ({ text, ...(at && { marks: at.map((each) => each - nBefore) }) })); // prettier-ignore
        const [begun, gone] = [
          told(first, { before: { text: prompt, marks }, isWhole: false }),
          told(rest, { before }),
        ];
        expect([parts.slice(0, n), joined(begun, gone)]).toEqual([parts.slice(0, n), joined(whole, [])]);
      }
    }
  });
});

/** Two tellings of an answer as one: thoughts, text, and calls, of which one that goes on is told again. */
function joined(first: readonly string[], second: readonly string[]) {
  const of = (kind: string) => [...first, ...second].flatMap((part) => (part.startsWith(`${kind}: `) ? [part.slice(kind.length + 2)] : [])).join(''); // prettier-ignore
  const calls = new Map([...first, ...second].filter((part) => part.startsWith('call')).map((part) => [part.slice(0, part.indexOf(': ')), part])); // prettier-ignore
  return { thinking: of('thinking'), text: of('text'), calls: [...calls.values()] };
}

describe('a broken answer', () => {
  test.each<[string[], string[]]>([
    [['I must refuse'], ['text: I must refuse']],
    [[' Hello ', 'there'], ['text: Hello there']],
    [['to', 'day'], ['text: today']],
    [['assist', 'ance'], ['text: assistance']],
    [['assistant', '[channel]', 'final', '[message]', 'Yes'], ['text: Yes']],
    [['[channel]', 'final'], []],
    [['[channel]'], []],
    [['[channel]', '[channel]', '[message]', 'x'], ['text: x']],
    [['[channel]', 'final', ' ', '[constrain]', 'json', '[message]', '{}'], ['text: {}']],
    [['[channel]', 'commentary', ' json', '[message]', '{}'], ['text: {}']],
    [['[channel]', 'analysis', ' I', ' think', ' so'], ['thinking: I think so']],
    [['[channel]', 'analysis', ' I'], ['thinking: I']],
    [
      ['[channel]', 'analysis', '[message]', 'a', '[channel]', 'final', '[message]', 'b'],
      ['thinking: a', 'text: b'],
    ],
    [['[channel]', 'analysis', '[message]', 'a', '[start]', 'assistant', '[channel]', 'final', '[message]', 'b'], ['thinking: a', 'text: b']], // prettier-ignore
    [['[channel]', 'analysis', '[channel]', 'final', '[message]', 'b'], ['text: b']],
    [['[channel]', 'shout', '[message]', 'a'], ['text: a']],
    [['[message]', 'a', '[message]', 'b'], ['text: ab']],
    [['[channel]', 'final', '[message]', 'a', '[end]', '\n', 'b'], ['text: a\n\nb']],
    [['[channel]', 'final', '[message]', 'a', '[end]', '[start]', '[message]', 'b'], ['text: a\n\nb']],
    [['[channel]', 'final', '[message]', 'a', '[end]', '[start]', 'user', '[message]', 'b'], ['text: a\n\nb']],
    [[' to=functions.w', '[constrain]', ' json', '[message]', '{}'], ['call 0 w: {}']],
    [[' to=user', '[channel]', 'final', '[message]', 'a'], ['text: a']],
    [[' to=', '[channel]', 'final', '[message]', 'a'], ['text: a']],
    [[' to=a to=b', '[message]', 'x'], ['text: to=a to=bx']],
    [['[channel]', 'commentary to=functions.unknown', '[message]', '{"a'], ['call 0 unknown: {"a']],
    [['[constrain]', '[constrain]', '[end]', '[end]', '[return]', '[call]', '[start]'], []],
    [[`[channel]`, 'x'.repeat(2000), '[message]', 'y'], [`text: ${'x'.repeat(2000 - 512)}y`]],
    [[` to=${'x'.repeat(600)}`, ' y'], [`text: to=${'x'.repeat(600)} y`]],
    [['\u0001analysis', '[message]', 'x'], ['text: \ufffdanalysisx']],
  ])('is told all the same: %j', (parts, wanted) => {
    const pieces = piecesOf(parts);
    expect(told(pieces)).toEqual(wanted);
    expect(told(characters(pieces))).toEqual(wanted);
  });

  test('of any tokens is told the same way wherever it is cut, and nothing throws', () => {
    const random = seeded(11);
    const words = [...controls.map((control) => `[${control}]`), 'assistant', ' to=functions.w', ' to=', ' json', 'analysis', 'final', 'a', ' ', '\n', '<|', 'commentary', 'user']; // prettier-ignore
    for (let n = 0; n < 600; n++) {
      const parts = Array.from({ length: 1 + Math.floor(random() * 14) }, () => words[Math.floor(random() * words.length)]!); // prettier-ignore
      const pieces = piecesOf(parts);
      expect([parts, told(characters(pieces))]).toEqual([parts, told(pieces)]);
    }
  });

  test('is a thought or text where no call is wanted', () => {
    const parts = ['[channel]', 'analysis to=python', ' code', '[message]', 'print(1)', '[call]'];
    expect(told(piecesOf(parts), { hasCalls: false })).toEqual(['thinking: print(1)']);
  });
});

describe('tokens that are spelled out', () => {
  test('are text', () => {
    const parts = ['[channel]', 'final', '[message]', '<|end|><|start|>', '<|', 'channel|>'];
    expect(told(piecesOf(parts))).toEqual(['text: <|end|><|start|><|channel|>']);
  });

  test('are tokens of a vocabulary that has none', () => {
    const messages = new Messages({ tokens: [] });
    const text = '<|channel|>analysis<|message|>a < b<|end|><|start|>assistant<|channel|>final<|message|>Yes <|';
    const all = [...[...text].flatMap((character) => messages.push({ text: character })), ...messages.end(true)];
    expect(merged(all)).toEqual(['thinking: a < b', 'text: Yes <|']);
  });
});

test('what the prompt has opened goes on', () => {
  const after = (text: string, marks: number[], pieces: string[]) =>
    told(piecesOf(pieces), { before: { text, marks } });
  expect(after('<|start|>assistant<|channel|>analysis<|message|>', [0, 18, 37], ['a', '[end]', '[start]', 'assistant', '[channel]', 'final', '[message]', 'b'])).toEqual(['thinking: a', 'text: b']); // prettier-ignore
  expect(after('<|start|>assistant<|channel|>final<|message|>Sure,', [0, 18, 34], [' yes'])).toEqual(['text:  yes']);
  expect(after('Once upon', [], [' a time to=x'])).toEqual(['text:  a time to=x']);
});
