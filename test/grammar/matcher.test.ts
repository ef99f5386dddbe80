import { expect, test } from 'vitest';
import type { Grammar, Item } from '../../src/grammar/grammar.ts';
import { CompiledGrammar, Matcher } from '../../src/grammar/matcher.ts';
import { bytes, empty, literal, not, both, repeat, chars } from '../../src/grammar/regular.ts';
import { Vocabulary } from '../../src/grammar/vocabulary.ts';
import { seeded, type Dice } from './dice.ts';
import { recognises } from './recogniser.ts';

const encoder = new TextEncoder();

/** Tokens by their texts; `<…>` are control tokens, and `<end>` ends an answer. */
function vocabularyOf(words: readonly string[]): Vocabulary {
  return new Vocabulary({
    nVocab: words.length,
    bytes: (token) => encoder.encode(words[token]),
    isControl: (token) => /^<.*>$/.test(words[token]!),
    isEnd: (token) => words[token] === '<end>',
  });
}

const text = (content: string): Item => ({ kind: 'text', regular: literal(content) });
const sequence = (...items: Item[]): Item => ({ kind: 'sequence', items });
const choice = (...items: Item[]): Item => ({ kind: 'choice', items });
const rule = (index: number): Item => ({ kind: 'rule', rule: index });
const many = (item: Item, min: number, max?: number): Item => ({ kind: 'repeat', item, min, ...(max !== undefined && { max }) }); // prettier-ignore

const allowed = (matcher: Matcher, words: readonly string[]): string[] => {
  const mask = matcher.mask();
  return words.filter((_, token) => ((mask[token >> 5]! >>> (token & 31)) & 1) !== 0);
};

const matcherOf = (grammar: Grammar, words: readonly string[]): Matcher =>
  new Matcher(new CompiledGrammar(grammar, vocabularyOf(words)));

test('tokens may reach over the ends of pieces, and control tokens come where they are named', () => {
  const words = ['a', '(', '((', ')', '))', '+', 'a+', '+a', '', 'a+b', '<end>', '<call>'];
  const grammar = { rules: [choice(sequence(text('('), rule(0), text(')')), text('a'), sequence(rule(0), text('+'), rule(0)), { kind: 'token', token: 11 })] } satisfies Grammar; // prettier-ignore
  const matcher = matcherOf(grammar, words);
  expect(allowed(matcher, words)).toEqual(['a', '(', '((', 'a+', '<call>']);
  matcher.accept(2);
  matcher.accept(11);
  expect(allowed(matcher, words)).toEqual([')', '))', '+', '+a']);
  const fork = matcher.fork();
  matcher.accept(4);
  expect(allowed(matcher, words)).toEqual(['+', '+a', '<end>']);
  expect([matcher.mayEnd, matcher.isOver, fork.mayEnd]).toEqual([true, false, false]);
  matcher.accept(10);
  expect([matcher.mayEnd, matcher.isOver, matcher.isDead]).toEqual([true, true, false]);
  expect(allowed(fork, words)).toEqual([')', '))', '+', '+a']);
  expect(() => fork.accept(0)).toThrow(/token 0 may not come here/);
  expect(() => fork.accept(10)).toThrow(RangeError);
  expect(() => fork.accept(99)).toThrow(/an id from 0 to 11; got 99/);
});

test('forced bytes go on until there is a choice', () => {
  const words = ['{', '}', '"', 'n', 'a', 'm', 'e', ':', '<end>'];
  const letters: Item = { kind: 'text', regular: repeat(bytes([[97, 122]]), 1, 2) };
  const matcher = matcherOf({ rules: [sequence(text('{"name":'), letters, text('}'))] }, words);
  expect(new TextDecoder().decode(matcher.forced())).toBe('{"name":');
  expect(matcher.acceptBytes(matcher.forced())).toBe(true);
  expect(matcher.forced()).toEqual(new Uint8Array());
  expect(matcher.acceptBytes(encoder.encode('na'))).toBe(true);
  expect(new TextDecoder().decode(matcher.forced())).toBe('}');
  expect(matcher.acceptBytes(encoder.encode('}'))).toBe(true);
  expect([matcher.isOver, matcher.forced().length]).toEqual([true, 0]);
  expect(matcher.acceptBytes(encoder.encode('}'))).toBe(false);
});

test('a text that no token can go on with is a dead end, and so is a grammar without a text', () => {
  const matcher = matcherOf({ rules: [text('ab')] }, ['a', '<end>']);
  expect(matcher.isDead).toBe(false);
  matcher.accept(0);
  expect(matcher.isDead).toBe(true);
  const digit = bytes([[48, 57]]);
  const none = both([digit, not(digit)]);
  for (const grammar of [[choice()], [sequence(text('a'), rule(0))], [{ kind: 'text', regular: none } as Item]]) {
    const hopeless = matcherOf({ rules: grammar }, ['a', '<end>']);
    expect([hopeless.isDead, hopeless.mayEnd]).toEqual([true, false]);
  }
});

test('what leads nowhere is not offered', () => {
  const a: Item = { kind: 'text', regular: both([chars([[97, 98]]), not(literal('b'))]) };
  const matcher = matcherOf({ rules: [choice(sequence(text('x'), rule(1)), a), sequence(text('y'), rule(1))] }, ['x', 'y', 'a', 'b']); // prettier-ignore
  expect(allowed(matcher, ['x', 'y', 'a', 'b'])).toEqual(['a']);
});

function randomItem(dice: Dice, nRules: number, depth: number): Item {
  const kind = depth === 0 ? dice.below(3) : dice.below(9);
  const part = () => randomItem(dice, nRules, depth - 1);
  if (kind === 0) return { kind: 'text', regular: [empty, bytes([[97, 98]]), repeat(literal('ab'), 0), repeat(literal('b'), 1, 2)][dice.below(4)]! }; // prettier-ignore
  if (kind === 1) return text(['a', 'b', 'ab', 'ba', 'c'][dice.below(5)]!);
  if (kind === 2) return rule(dice.below(nRules));
  if (kind < 6) return sequence(...Array.from({ length: dice.below(4) }, part));
  if (kind < 8) return choice(...Array.from({ length: 1 + dice.below(3) }, part));
  const min = dice.below(3);
  return many(part(), min, [undefined, min, min + 1, min + 2][dice.below(4)]);
}

const words = ['a', 'b', 'c', 'ab', 'ba', 'aa', 'abc', 'bbb', 'cab', 'bab', '<end>'];
const texts = [''];
for (let i = 0; texts.length < 121; i++) for (const letter of 'abc') texts.push(texts[i]! + letter);

test('random grammars, left-recursive and ambiguous ones too, fit the texts that a naive recogniser says', () => {
  const dice = seeded(7);
  const vocabulary = vocabularyOf(words);
  let nFitting = 0;
  for (let round = 0; round < 250; round++) {
    const nRules = 1 + dice.below(3);
    const grammar = { rules: Array.from({ length: nRules }, () => randomItem(dice, nRules, 2)) };
    const compiled = new CompiledGrammar(grammar, vocabulary);
    for (const one of texts) {
      const matcher = new Matcher(compiled);
      const fits = matcher.acceptBytes(encoder.encode(one)) && matcher.mayEnd;
      nFitting += Number(fits);
      if (fits !== recognises(grammar, one)) expect.fail(`"${one}" in ${JSON.stringify(grammar.rules)}`);
    }
  }
  expect(nFitting).toBeGreaterThan(500);
});

test('a mask is what trying each token says, and after each allowed token some text goes on to an end', () => {
  const dice = seeded(11);
  const vocabulary = vocabularyOf(words);
  for (let round = 0; round < 300; round++) {
    const nRules = 1 + dice.below(3);
    const grammar = { rules: Array.from({ length: nRules }, () => randomItem(dice, nRules, 2)) };
    const matcher = new Matcher(new CompiledGrammar(grammar, vocabulary));
    for (let step = 0; step < 6; step++) {
      const expected = words.filter((word) => (word === '<end>' ? matcher.mayEnd : matcher.fork().acceptBytes(encoder.encode(word)))); // prettier-ignore
      expect(allowed(matcher, words)).toEqual(expected);
      const forced = matcher.forced();
      if (forced.length > 0)
        expect(expected.every((word) => word !== '<end>' && word.charCodeAt(0) === forced[0])).toBe(true);
      const next = expected.filter((word) => word !== '<end>');
      if (next.length === 0) {
        expect(matcher.mayEnd || step === 0).toBe(true); // letters are all tokens, so a text that began can end
        break;
      }
      matcher.accept(words.indexOf(next[dice.below(next.length)]!));
    }
  }
});

test('a mask is made once for a place, and made again where others took its room', () => {
  const words = ['a', 'b', 'ab', '<end>'];
  const grammar = { rules: [sequence(many(choice(text('a'), sequence(text('a'), text('b'))), 3, 700), text('b'))] };
  const matcher = matcherOf(grammar, words);
  const start = matcher.fork();
  expect(start.mask()).toBe(matcher.mask());
  for (let n = 1; n <= 700; n++) {
    matcher.accept(0);
    expect(allowed(matcher, words), `${n}`).toEqual(n < 700 ? ['a', 'b', 'ab'] : ['b']);
  }
  expect(allowed(start, words)).toEqual(['a', 'ab']);
});

test('an item as often as its counts say, however its texts overlap', () => {
  const words = ['a', 'b', 'ab', 'aab', '<end>'];
  const matcher = matcherOf({ rules: [sequence(many(choice(text('a'), text('ab')), 2, 3), text('b'))] }, words);
  matcher.accept(0);
  matcher.accept(2);
  expect([allowed(matcher, words), matcher.mayEnd]).toEqual([['a', 'b', 'ab', '<end>'], true]);
  matcher.accept(1);
  expect(allowed(matcher, words)).toEqual(['<end>']);
});

test('what nests deeper than the limit is refused, and the matcher stays where it was', () => {
  const words = ['[', ']', '[[[[[[[[[[', '<end>'];
  const matcher = matcherOf({ rules: [sequence(text('['), many(rule(0), 0), text(']'))] }, words);
  expect(() => {
    for (let i = 0; i < 1_000; i++) matcher.accept(2);
  }).toThrow(/stackDepth came to 2,001, at most 2,000/);
  matcher.accept(1);
  expect(allowed(matcher, words)).toContain(']');
});

test('strings with a greatest length take tokens up to just that', () => {
  const letters = ['x', 'xx', 'é', 'xé', 'x'.repeat(20), 'x'.repeat(40), '"', 'x"', '\\', 'xxx"', '\n'];
  const words = [...letters, '<end>'];
  for (const [min, max] of [
    [0, 3],
    [0, 30],
    [2, 39],
    [5, 300],
    [0, 41],
  ] as const) {
    // prettier-ignore
    const char = chars([[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x10ffff]]); // prettier-ignore
    const content: Item = { kind: 'text', regular: repeat(char, min, max) };
    const matcher = matcherOf({ rules: [sequence(content, text('"'))] }, words);
    for (let n = 0; n <= Math.min(max, 60); n++) {
      const fits = (word: string): boolean => {
        const inside = [...word.replace('"', '')].length + n;
        if (/[\n\\]/.test(word)) return false;
        return word.includes('"') ? inside >= min && inside <= max : inside <= max;
      };
      expect(allowed(matcher, words), `${n} of ${min} to ${max}`).toEqual(letters.filter(fits));
      if (n < max) matcher.accept(n % 3 === 0 ? 2 : 0);
    }
  }
});

test('what comes behind a string of a greatest length may begin inside of a token', () => {
  const words = ['xy', 'xxxxxxxxy', 'xxxxxxxxxy', 'xxxxxxxxxxy', 'xxxxxxxxxxx', 'y', '<end>'];
  const content: Item = { kind: 'text', regular: repeat(chars([[0x20, 0x78]]), 0, 9) }; // all but y
  const all: Item = { kind: 'text', regular: repeat(chars([[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x10ffff]]), 0, 9) }; // prettier-ignore
  const short = matcherOf({ rules: [sequence(content, text('y'))] }, words);
  expect(allowed(short, words)).toEqual(['xy', 'xxxxxxxxy', 'xxxxxxxxxy', 'y']);
  const either = matcherOf({ rules: [sequence(all, text('y'))] }, words);
  expect(allowed(either, words)).toEqual(['xy', 'xxxxxxxxy', 'xxxxxxxxxy', 'y']);
});

test('a token may end a distinct text and begin another, in the same scope or in one inside', () => {
  const words = ['a', 'b', ',', 'a,b', 'b,a', 'a,a', ',a', ',b', 'a[a', 'a[b', ']', '],b', '],a', ',ab', '<end>'];
  const name: Item = { kind: 'text', regular: repeat(bytes([[97, 98]]), 1), distinct: true };
  const list = sequence(name, many(sequence(text('['), rule(0), text(']')), 0, 1), many(sequence(text(','), name), 0));
  const dice = seeded(3);
  const compiled = new CompiledGrammar({ rules: [list] }, vocabularyOf(words));
  const seen = new Set<string>();
  for (let round = 0; round < 60; round++) {
    const matcher = new Matcher(compiled);
    for (let step = 0, said = ''; step < 5; step++) {
      const expected = words.filter((word) => (word === '<end>' ? matcher.mayEnd : leadsOn(matcher, word)));
      expect(allowed(matcher, words), said).toEqual(expected);
      const next = expected.filter((word) => word !== '<end>');
      const word = next[dice.below(next.length)]!;
      matcher.accept(words.indexOf(word));
      said += word;
      if (matcher.mayEnd) seen.add(said);
    }
  }
  expect([seen.has('a,b'), seen.has('a,a'), seen.has('a[a]')]).toEqual([true, false, true]);
});

const leadsOn = (matcher: Matcher, word: string): boolean => matcher.fork().acceptBytes(encoder.encode(word));
