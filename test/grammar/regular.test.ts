import { expect, test } from 'vitest';
import { derivative } from '../../src/grammar/derivative.ts';
import { hasText } from '../../src/grammar/emptiness.ts';
import {
  anyChar,
  both,
  bytes,
  chars,
  either,
  empty,
  everything,
  literal,
  not,
  nothing,
  repeat,
  sequence,
  sequenceOf,
  type Regular,
} from '../../src/grammar/regular.ts';
import { seeded, type Dice } from './dice.ts';

const encoder = new TextEncoder();

function matches(regular: Regular, text: string | Uint8Array): boolean {
  let state = regular;
  for (const byte of typeof text === 'string' ? encoder.encode(text) : text) state = derivative(state, byte);
  return state.nullable;
}

test('equal expressions are the same object', () => {
  expect(either([literal('abc'), literal('abd')])).toBe(either([literal('abd'), literal('abc'), nothing]));
  expect(sequence(literal('ab'), literal('c'))).toBe(literal('abc'));
  expect(not(not(literal('a')))).toBe(literal('a'));
  expect(both([literal('a'), everything])).toBe(literal('a'));
  expect(both([repeat(literal('x'), 0), repeat(literal('x'), 2, 5)])).toBe(repeat(literal('x'), 2, 5));
  expect(either([repeat(literal('x'), 0, 3), repeat(literal('x'), 2, 5)])).toBe(repeat(literal('x'), 0, 5));
});

test('code points are read as UTF-8, and surrogates are none', () => {
  const ranges: [number, number][] = [
    [0x41, 0x41],
    [0x7e, 0x81],
    [0x7ff, 0x801],
    [0xd000, 0xe010],
    [0xffff, 0x10002],
    [0x10fffe, 0x10ffff],
  ];
  const some = chars(ranges);
  for (let code = 0; code <= 0x10ffff; code += code < 0x11000 ? 1 : 97) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const isIn = ranges.some(([first, last]) => code >= first && code <= last);
    if (matches(some, String.fromCodePoint(code)) !== isIn) expect.fail(`U+${code.toString(16)}`);
  }
  for (const bad of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe2, 0x82]]) {
    expect(matches(anyChar, Uint8Array.from(bad)), bad.join()).toBe(false);
  }
  expect(() => chars([[0, 0x110000]])).toThrow(RangeError);
  expect(() => literal('\ud800')).toThrow(RangeError);
});

/** A random expression of letters a, b, c, and what decides by itself whether a text fits. */
function randomRegular(dice: Dice, depth: number): { regular: Regular; fits: (text: string) => boolean; name: string } {
  const kind = depth === 0 ? dice.below(2) : dice.below(8);
  if (kind === 0) {
    const text = ['', 'a', 'b', 'ab', 'c', 'ba'][dice.below(6)]!;
    return { regular: literal(text), fits: (other) => other === text, name: `"${text}"` };
  }
  if (kind === 1) return { regular: bytes([[97, 98]]), fits: (text) => /^[ab]$/.test(text), name: '[ab]' };
  const a = randomRegular(dice, depth - 1);
  if (kind === 2) return { regular: not(a.regular), fits: (text) => !a.fits(text), name: `!${a.name}` };
  if (kind === 3 || kind === 4) {
    const min = dice.below(3);
    const max = dice.below(2) === 0 ? Infinity : min + dice.below(3);
    const regular = repeat(a.regular, min, max);
    return { regular, fits: (text) => repeats(a.fits, text, min, max), name: `(${a.name}){${min},${max}}` };
  }
  const b = randomRegular(dice, depth - 1);
  const fits = { 5: splits(a.fits, b.fits), 6: (text: string) => a.fits(text) || b.fits(text) }[kind] ?? ((text) => a.fits(text) && b.fits(text)); // prettier-ignore
  const regular = [sequence, (x: Regular, y: Regular) => either([x, y]), (x: Regular, y: Regular) => both([x, y])][kind - 5]!(a.regular, b.regular); // prettier-ignore
  return { regular, fits, name: `(${a.name} ${'.|&'[kind - 5]} ${b.name})` };
}

const splits = (a: (text: string) => boolean, b: (text: string) => boolean) => (text: string) =>
  Array.from({ length: text.length + 1 }, (_, i) => i).some((i) => a(text.slice(0, i)) && b(text.slice(i)));

function repeats(fits: (text: string) => boolean, text: string, min: number, max: number): boolean {
  if (text === '') return min === 0 || (max > 0 && fits(''));
  if (max === 0) return false;
  const rest = fits('') ? 0 : Math.max(0, min - 1);
  for (let i = 1; i <= text.length; i++) {
    if (fits(text.slice(0, i)) && repeats(fits, text.slice(i), rest, max - 1)) return true;
  }
  return false;
}

const texts = [''];
for (let i = 0; texts.length < 120; i++) for (const letter of 'abc') texts.push(texts[i]! + letter);

test('random expressions fit just the texts that their definition says', () => {
  const dice = seeded(1);
  let nFitting = 0;
  for (let round = 0; round < 400; round++) {
    const { regular, fits, name } = randomRegular(dice, 3);
    for (const text of texts) {
      const expected = fits(text);
      nFitting += Number(expected);
      if (matches(regular, text) !== expected) expect.fail(`${name} and "${text}"`);
      if (expected && !hasText(regular)) expect.fail(`${name} has no text?`);
    }
  }
  expect(nFitting).toBeGreaterThan(5_000);
});

test('an intersection without a text is found out', () => {
  const word = repeat(bytes([[97, 122]]), 1);
  expect(hasText(both([word, repeat(bytes([[48, 57]]), 1)]))).toBe(false);
  expect(hasText(both([word, not(word)]))).toBe(false);
  expect(hasText(both([repeat(literal('ab'), 0), sequence(repeat(literal('aba'), 0), literal('a'))]))).toBe(false);
  expect(hasText(both([word, not(literal('name'))]))).toBe(true);
});

test('counts are never unrolled, and long texts cost no stack', () => {
  let state = repeat(anyChar, 0, 1_000_000_000);
  for (let i = 0; i < 1000; i++) state = derivative(state, 120);
  expect(state).toBe(repeat(anyChar, 0, 999_999_000));
  const long = sequenceOf(Array.from({ length: 300 }, (_, i) => repeat(literal('abc'[i % 3]!), 0, 1)));
  expect([matches(long, 'acbbca'), matches(long, 'acbd')]).toEqual([true, false]);
  expect(matches(literal('ab'.repeat(100_000)), 'ab'.repeat(100_000))).toBe(true);
  const words = either(Array.from({ length: 5_000 }, (_, i) => literal(`word ${i}`)));
  expect([matches(words, 'word 4999'), matches(words, 'word 5000')]).toEqual([true, false]);
  expect(matches(empty, '')).toBe(true);
});

test('nests deeper than the limit are refused', () => {
  let deep = literal('a');
  expect(() => {
    for (let i = 0; i < 2_000; i++) deep = not(sequence(deep, literal('b')));
  }).toThrow(/depth came to 1,001, at most 1,000/);
});
