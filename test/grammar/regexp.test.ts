import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../src/base/errors.ts';
import { derivative } from '../../src/grammar/derivative.ts';
import { regularOfRegexp } from '../../src/grammar/regexp.ts';
import type { Regular } from '../../src/grammar/regular.ts';
import { seeded, type Dice } from './dice.ts';

const encoder = new TextEncoder();

const finds = (source: string, text: string, flags?: string): boolean => has(regularOfRegexp(source, flags), text);

function has(regular: Regular, text: string): boolean {
  let state = regular;
  for (const byte of encoder.encode(text)) state = derivative(state, byte);
  return state.nullable;
}

const pieces = [
  'a',
  'b',
  '_',
  '-',
  ' ',
  '.',
  '\\w',
  '\\d',
  '\\s',
  '[ab]',
  '[^a]',
  '[a-c_]',
  '\\W',
  'é',
  '\\n',
  '(?:ab|b)',
  '(a|)',
  '(?:)',
];
const counts = ['', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,3}?', '*?'];
const asserts = ['^', '$', '\\b', '\\B', '(?=a)', '(?!b)', '(?=.*a)', '(?!.*b$)'];

function randomSource(dice: Dice): string {
  const one = (list: readonly string[]): string => list[dice.below(list.length)]!;
  const parts = Array.from({ length: 1 + dice.below(4) }, () =>
    dice.below(4) === 0 ? one(asserts) : one(pieces) + one(counts),
  );
  return dice.below(5) === 0 ? `${parts.join('')}|${one(pieces)}` : parts.join('');
}

const randomText = (dice: Dice): string =>
  Array.from({ length: dice.below(6) }, () => 'abc_- \n1é'[dice.below(9)]!).join('');

describe('regular expressions', () => {
  it('mean properties and code points by what is written so, also beside escapes without need', () => {
    expect(finds("^[\\p{L} \\'-]+$", "Zoé d'Or")).toBe(true);
    expect(finds("^[\\p{L} \\'-]+$", 'p{L}')).toBe(false);
    expect(finds('^\\u{e9}\\-$', 'é-')).toBe(true);
    expect(() => regularOfRegexp('\\p{Nothing}\\-')).toThrow(/the unknown property \\p\{Nothing\}/);
    expect(() => regularOfRegexp('\\u{}\\-')).toThrow(UnsupportedError);
  });

  it('have counts of any length, and pairs of surrogates only', () => {
    expect([1, 2, 3].map((n) => finds(`^a{${'0'.repeat(60)}2}$`, 'a'.repeat(n)))).toEqual([false, true, false]);
    expect(finds('^\\ud83d\\ude00$', '😀')).toBe(true);
    expect(finds('^\\ud83d\\u0041$', String.fromCodePoint(0x10000 + (0x3d << 10) + 0x41))).toBe(false);
  });

  it('find what the platform finds, with assertions wherever they stand', () => {
    const dice = seeded(5);
    for (let i = 0; i < 1_000; i++) {
      const source = randomSource(dice);
      const platform = new RegExp(source, 'u');
      const regular = regularOfRegexp(source);
      for (let j = 0; j < 8; j++) {
        const text = randomText(dice);
        expect(has(regular, text), `${source} in ${JSON.stringify(text)}`).toBe(platform.test(text));
      }
    }
  });

  it.each([
    ['^((?!ab).)*$', ['', 'a', 'b', 'ab', 'xaby', 'ba']],
    ['^(?:(?=a|b).)*$', ['', 'ab', 'abc']],
    ['^\\p{Lu}\\p{L}*$', ['Äb', 'äb', 'A1', 'Ωω']],
    ['^[\\u{1F600}-\\u{1F64F}]$', ['😀', 'a', '😀😀']],
    ['^\\-[\\w-.]+\\_$', ['-a._', '-_', '-a-_']], // read as without the flag
    ['^a{,2}$', ['a{,2}', 'aa']],
    ['^\\cA\\x41\\u0042\\0$', ['\u0001AB\0', 'AB']],
    ['^[^]$', ['\n', 'a', '']],
    ['[]', ['', 'a']],
    ['^(?<year>\\d{4})-(?:\\d\\d)$', ['2024-01', '24-01']],
    ['^(foo|bar$)', ['foo1', 'bar', 'bar1']],
  ])('%s', (source, texts) => {
    let platform: RegExp;
    try {
      platform = new RegExp(source, 'u');
    } catch {
      platform = new RegExp(source);
    }
    for (const text of texts) expect(finds(source, text), text).toBe(platform.test(text));
  });

  it('pass over case where the flag says so', () => {
    for (const text of ['STRASSE', 'strasse', 'Ω', 'ω', 'x']) {
      expect(finds('^(straSSe|ω)$', text, 'iu')).toBe(/^(straSSe|ω)$/iu.test(text));
    }
  });

  it.each([
    ['(a)\\1', 'a back reference'],
    ['(?<=a)b', 'a look-behind'],
    ['(?:\\ba)*$', 'repeats an assertion without end'],
  ])('%s is refused: %s', (source, why) => {
    expect(() => regularOfRegexp(source)).toThrow(UnsupportedError);
    expect(() => regularOfRegexp(source)).toThrow(why);
  });

  it('end in an error where they are none, or hostile', () => {
    expect(() => regularOfRegexp('(')).toThrow(/"\(" is no regular expression/);
    expect(() => regularOfRegexp('('.repeat(5_000) + ')'.repeat(5_000))).toThrow(UnsupportedError);
    for (const source of ['^(a+)+$', '^(a|a)*$', '^(a*)*b$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
      expect(finds(source, `${'a'.repeat(3_000)}!`)).toBe(false);
    }
  });
});
