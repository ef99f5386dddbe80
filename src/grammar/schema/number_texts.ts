/**
 * How JSON spells numbers, as regular languages. Of the many spellings of a value two families are admitted: plain ones, with as many
 * zeros behind the point as one likes, and the scientific ones that programs write, for very large and very small numbers: `1e+21`,
 * `2.5E-7`. A range is exact in both: it holds the spellings of the numbers in it, and no other.
 */
import { both, bytes, either, empty, literal, nothing, repeat, sequence, type Regular } from '../regular.ts';
import { decimalOf } from './decimal.ts';
import { multipleTexts, placesOf } from './multiples.ts';
import type { Interval, NumberPart, NumberSet } from './numbers.ts';

/** Digits before the point of a plain number: `JSON.stringify` goes on to scientific ones from here. */
const WHOLE_DIGITS = 21;
/** Digits behind the point, in both families: 17 are enough for any double, and Python writes some zeros before them. */
const FRACTION_DIGITS = 25;
/** Powers of ten of scientific numbers. Python writes them from 16 and -5 on; 308 and more may be more than a double holds. */
const POWERS = { low: 16, high: 307, small: 5 };
/** So many digits are told apart by doubles, so a multiple in the text is one in the number that is read. */
const EXACT_DIGITS = 15;

const minus = literal('-');
const point = literal('.');
const anyDigit = digit('0', '9');

function digit(first: string, last: string): Regular {
  return first > last ? nothing : bytes([[first.charCodeAt(0), last.charCodeAt(0)]]);
}

/** A magnitude as digits before and behind its point. A fraction without end is that of the next whole number, which is not reached. */
interface Plain {
  readonly whole: string;
  readonly fraction: string | undefined;
}

/** Digits `x`, none perhaps, so that `0.x` is from `0.low` to `0.high`; without `high` there is no upper end. */
function fractionDigits(low: string, high: string | undefined, nLeft: number, mayEnd = low === ''): Regular {
  const end = mayEnd ? empty : nothing;
  if (nLeft === 0) return end;
  if (low === '' && high === undefined) return repeat(anyDigit, mayEnd ? 0 : 1, nLeft);
  if (high === '') return low === '' ? repeat(literal('0'), mayEnd ? 0 : 1, nLeft) : nothing;
  const first = low[0] ?? '0';
  const last = high?.[0] ?? '9';
  const [lowRest, highRest] = [low.slice(1), high?.slice(1)];
  const behind = (low: string, high: string | undefined): Regular => fractionDigits(low, high, nLeft - 1);
  if (first === last) return either([end, sequence(literal(first), behind(lowRest, highRest))]);
  return either([
    end,
    sequence(literal(first), behind(lowRest, undefined)),
    sequence(digit(shift(first, 1), shift(last, -1)), behind('', undefined)),
    sequence(literal(last), behind('', highRest)),
  ]);
}

const shift = (digit: string, by: number): string => String.fromCharCode(digit.charCodeAt(0) + by);

/** A point with digits, or nothing where zero is in the range. */
const fraction = (low: string, high: string | undefined): Regular =>
  either([low === '' ? empty : nothing, sequence(point, fractionDigits(low, high, FRACTION_DIGITS, false))]);

/** Digits from `low` to `high`, which are as many. */
function sameLength(low: string, high: string): Regular {
  if (low === '') return empty;
  const n = low.length - 1;
  if (low === '0'.repeat(n + 1) && high === '9'.repeat(n + 1)) return repeat(anyDigit, n + 1, n + 1);
  const [first, last] = [low[0]!, high[0]!];
  if (first === last) return sequence(literal(first), sameLength(low.slice(1), high.slice(1)));
  return either([
    sequence(literal(first), sameLength(low.slice(1), '9'.repeat(n))),
    sequence(digit(shift(first, 1), shift(last, -1)), repeat(anyDigit, n, n)),
    sequence(literal(last), sameLength('0'.repeat(n), high.slice(1))),
  ]);
}

/** Whole numbers from `low` to `high`, without zeros before them. */
function wholes(low: string, high: string): Regular {
  if (isLess(high, low)) return nothing;
  if (low.length === high.length) return sameLength(low, high);
  const between = [low.length + 1, high.length - 1] as const;
  return either([
    sameLength(low, '9'.repeat(low.length)),
    between[0] > between[1] ? nothing : sequence(digit('1', '9'), repeat(anyDigit, between[0] - 1, between[1] - 1)),
    sameLength(`1${'0'.repeat(high.length - 1)}`, high),
  ]);
}

const isLess = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);

const plusOne = (whole: string, by: bigint): string => String(BigInt(whole) + by);

/** Plain numbers from `low` to `high`. */
function plainNumbers(low: Plain, high: Plain): Regular {
  const lowFraction = low.fraction ?? '';
  if (low.whole === high.whole) return sequence(literal(low.whole), fraction(lowFraction, high.fraction));
  if (isLess(high.whole, low.whole)) return nothing;
  const [first, last] = [plusOne(low.whole, 1n), plusOne(high.whole, -1n)];
  return either([
    sequence(literal(low.whole), fraction(lowFraction, undefined)),
    isLess(last, first) ? nothing : sequence(wholes(first, last), fraction('', undefined)),
    sequence(literal(high.whole), fraction('', high.fraction)),
  ]);
}

function plainOf(value: number): Plain {
  const { digits, exponent } = decimalOf(value);
  const text = String(digits);
  if (exponent >= 0) return { whole: text + '0'.repeat(text === '0' ? 0 : exponent), fraction: '' };
  const padded = text.padStart(1 - exponent, '0');
  return { whole: padded.slice(0, exponent), fraction: padded.slice(exponent) };
}

const most: Plain = { whole: '9'.repeat(WHOLE_DIGITS), fraction: undefined };

/** Plain magnitudes from `low` to `high`, as far as they are admitted. */
function plainRange(low: number, high: number, areWhole: boolean): Regular {
  const [from, to] = [plainOf(low), plainOf(high)];
  if (from.whole.length > WHOLE_DIGITS) return nothing;
  const end = to.whole.length > WHOLE_DIGITS ? most : to;
  return areWhole ? wholes(from.whole, end.whole) : plainNumbers(from, end);
}

/** Scientific magnitudes from `low` to `high`. */
function scientificRange(low: number, high: number): Regular {
  if (high === 0) return nothing;
  const [from, to] = [scientificOf(low), scientificOf(high)];
  const end: Plain = { whole: '9', fraction: undefined };
  const start: Plain = { whole: '1', fraction: '' };
  const at = (power: number, from: Plain, to: Plain): Regular => sequence(plainNumbers(from, to), powers(power, power));
  if (from.power === to.power) return at(from.power, from.mantissa, to.mantissa);
  return either([
    at(from.power, from.mantissa, end),
    sequence(plainNumbers(start, end), powers(from.power + 1, to.power - 1)),
    at(to.power, start, to.mantissa),
  ]);
}

function scientificOf(value: number): { mantissa: Plain; power: number } {
  if (value === 0) return { mantissa: { whole: '1', fraction: '' }, power: -POWERS.high - 1 };
  const { digits, exponent } = decimalOf(value);
  const text = String(digits);
  return { mantissa: { whole: text[0]!, fraction: text.slice(1) }, power: exponent + text.length - 1 };
}

/** `e+21`, out of the powers that are admitted. */
function powers(low: number, high: number): Regular {
  const e = bytes([[0x45, 0x45], [0x65, 0x65]]); // prettier-ignore
  const [first, last] = [Math.max(low, POWERS.low), Math.min(high, POWERS.high)];
  const [least, greatest] = [Math.max(-high, POWERS.small), Math.min(-low, POWERS.high)];
  const large = first > last ? nothing : wholes(String(first), String(last));
  const small = least > greatest ? nothing : wholes(String(least), String(greatest));
  const padded =
    least > Math.min(9, greatest)
      ? nothing
      : sequence(literal('0'), wholes(String(least), String(Math.min(9, greatest))));
  return sequence(
    e,
    either([sequence(either([empty, literal('+')]), large), sequence(minus, either([small, padded]))]),
  );
}

function magnitudes(low: number, high: number, areWhole: boolean): Regular {
  const plain = plainRange(low, high, areWhole);
  return areWhole && plain !== nothing ? plain : either([plain, scientificRange(low, high)]);
}

function intervalTexts([low, high]: Interval, areWhole: boolean): Regular {
  const parts: Regular[] = [];
  if (high >= 0) parts.push(magnitudes(Math.max(low, 0), high, areWhole));
  if (low < 0 && high < 0) parts.push(sequence(minus, magnitudes(-high, -low, areWhole)));
  if (low < 0 && high >= 0) parts.push(sequence(minus, magnitudes(areWhole ? 1 : Number.MIN_VALUE, -low, areWhole)));
  return either(parts);
}

const texts = (intervals: readonly Interval[], areWhole: boolean): Regular =>
  either(intervals.map((interval) => intervalTexts(interval, areWhole)));

/**
 * Numbers that are not whole, neither in the text nor as the double that is read: `0.99999999999999999` reads as 1, so there are at most as
 * many digits as doubles tell apart. Zeros may follow.
 */
const noWhole = sequence(
  either([empty, minus]),
  either([
    both([
      either(Array.from({ length: EXACT_DIGITS - 1 }, (_, i) => digits(i + 1, EXACT_DIGITS - 1 - i))),
      sequence(repeat(anyDigit, 1), point, repeat(literal('0'), 0), digit('1', '9'), repeat(anyDigit, 0)),
    ]),
    sequence(repeat(either([anyDigit, point]), 1), powers(-POWERS.high, 0)),
  ]),
);

/** Up to so many digits before the point, and behind it. */
function digits(nBefore: number, nBehind: number): Regular {
  return sequence(repeat(anyDigit, 1, nBefore), point, repeat(anyDigit, 1, nBehind), repeat(literal('0'), 0));
}

function partTexts(part: NumberPart): Regular {
  const { multiples } = part;
  const places = multiples.reduce((most, { of }) => Math.max(most, placesOf(of)), 0);
  // Doubles tell 15 digits apart: a multiple in the text is one in the number that is read.
  const within = (n: number): readonly Interval[] =>
    multiples.length === 0 ? [[-Infinity, Infinity]] : [[1 - 10 ** n, 10 ** n - 1]];
  const wholes = overlap(part.wholes, within(EXACT_DIGITS));
  const others = overlap(part.others, within(EXACT_DIGITS - places));
  const isWholeToo = JSON.stringify(wholesIn(part.others)) === JSON.stringify(part.wholes);
  const all = isWholeToo ? texts(others, false) : both([texts(others, false), noWhole]);
  const withWholes = isWholeToo && multiples.length === 0 ? all : either([texts(wholes, true), all]);
  return both([withWholes, ...multiples.map(({ of, isOne }) => multipleTexts(of, isOne))]);
}

const overlap = (a: readonly Interval[], b: readonly Interval[]): readonly Interval[] =>
  a
    .flatMap(([low, high]) => b.map(([from, to]): Interval => [Math.max(low, from), Math.min(high, to)]))
    .filter(([low, high]) => low <= high);

const wholesIn = (intervals: readonly Interval[]): Interval[] =>
  intervals.map(([low, high]): Interval => [Math.ceil(low), Math.floor(high)]).filter(([low, high]) => low <= high);

/** The most sets whose texts are remembered. */
const KEPT = 1_000;

const made = new Map<string, Regular>();

/** The texts of the numbers in the set. */
export function numberTexts(set: NumberSet): Regular {
  if (set.length === 0) return nothing;
  const key = JSON.stringify(set, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  const known = made.get(key);
  if (known) return known;
  const texts = either(set.map(partTexts));
  if (made.size >= KEPT) made.clear();
  made.set(key, texts);
  return texts;
}

/** The same, one text for each number, as long as doubles tell them apart. */
export function exactNumbers(set: NumberSet): Regular {
  const short = either([
    repeat(anyDigit, 1, EXACT_DIGITS),
    both([
      either(Array.from({ length: EXACT_DIGITS - 1 }, (_, i) => digits(i + 1, EXACT_DIGITS - 1 - i))),
      sequence(repeat(either([anyDigit, point]), 1), digit('1', '9')),
    ]),
  ]);
  return both([numberTexts(set), sequence(either([empty, minus]), short)]);
}
