/**
 * Sets of numbers: intervals of whole numbers, intervals of the others, and multiples. Ends are doubles, and both belong to the interval:
 * `x < 1` is `x <= 0.9999999999999999`. So a set, its opposite and intersections are exact for what `JSON.parse` makes of a text.
 */
import { decimalOf, type Decimal } from './decimal.ts';

export type Interval = readonly [low: number, high: number];

export interface Multiple {
  readonly of: Decimal;
  /** Whether numbers must be a multiple, or must not. */
  readonly isOne: boolean;
}

/** Whole numbers out of `wholes` and others out of `others`, all of them held to `multiples`. */
export interface NumberPart {
  readonly wholes: readonly Interval[];
  readonly others: readonly Interval[];
  readonly multiples: readonly Multiple[];
}

/** Any of the parts. */
export type NumberSet = readonly NumberPart[];

const MOST = Number.MAX_VALUE;
const whole: readonly Interval[] = [[-MOST, MOST]];

export const noNumbers: NumberSet = [];
export const allNumbers: NumberSet = [{ wholes: whole, others: whole, multiples: [] }];
export const allWholes: NumberSet = [{ wholes: whole, others: [], multiples: [] }];

const from = (intervals: readonly Interval[]): NumberSet => [{ wholes: intervals, others: intervals, multiples: [] }];

export const atLeast = (low: number): NumberSet => from([[low, MOST]]);
export const atMost = (high: number): NumberSet => from([[-MOST, high]]);
export const above = (low: number): NumberSet => (low >= MOST ? noNumbers : atLeast(next(low)));
export const below = (high: number): NumberSet => (high <= -MOST ? noNumbers : atMost(-next(-high)));

export function onlyNumber(value: number): NumberSet {
  const point: readonly Interval[] = [[value, value]];
  return [
    Number.isInteger(value)
      ? { wholes: point, others: [], multiples: [] }
      : { wholes: [], others: point, multiples: [] },
  ];
}

export const multiplesOf = (divisor: number): NumberSet => [
  { wholes: whole, others: whole, multiples: [{ of: decimalOf(divisor), isOne: true }] },
];

/** The next double above a finite one. */
function next(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value); // -0 is 0
  view.setBigInt64(0, view.getBigInt64(0) + (value < 0 ? -1n : 1n));
  return view.getFloat64(0);
}

export function eitherNumbers(sets: readonly NumberSet[]): NumberSet {
  const byMultiples = new Map<string, NumberPart[]>();
  for (const part of sets.flat()) {
    const key = part.multiples.map(keyOf).join();
    const alike = byMultiples.get(key);
    if (alike) alike.push(part);
    else byMultiples.set(key, [part]);
  }
  return [...byMultiples.values()].map(joined).filter(hasNumbers);
}

/** Parts of the same multiples as one. */
function joined(parts: readonly NumberPart[]): NumberPart {
  if (parts.length === 1) return parts[0]!;
  return {
    wholes: union(parts.flatMap(({ wholes }) => wholes)),
    others: union(parts.flatMap(({ others }) => others)),
    multiples: parts[0]!.multiples,
  };
}

const hasNumbers = (part: NumberPart): boolean => part.wholes.length + part.others.length > 0;

const keyOf = ({ of, isOne }: Multiple): string => `${isOne ? '' : '!'}${of.digits}e${of.exponent}`;

export function bothNumbers(a: NumberSet, b: NumberSet): NumberSet {
  const parts = a.flatMap((left) => b.map((right) => bothParts(left, right)));
  return eitherNumbers([parts.filter(hasNumbers)]);
}

function bothParts(a: NumberPart, b: NumberPart): NumberPart {
  const multiples = new Map([...a.multiples, ...b.multiples].map((multiple) => [keyOf(multiple), multiple]));
  const isNever = [...multiples.values()].some(({ of, isOne }) => isOne && multiples.has(keyOf({ of, isOne: false })));
  if (isNever) return { wholes: [], others: [], multiples: [] };
  return {
    wholes: wholesOf(intersection(a.wholes, b.wholes)),
    others: intersection(a.others, b.others).filter(([low, high]) => low !== high || !Number.isInteger(low)),
    multiples: [...multiples].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, multiple]) => multiple),
  };
}

/** All numbers that the set does not have. */
export function otherNumbers(set: NumberSet): NumberSet {
  let rest = allNumbers;
  for (const { wholes, others, multiples } of set) {
    const outside = { wholes: wholesOf(complement(wholes)), others: complement(others), multiples: [] };
    const turned = multiples.map(({ of, isOne }) => ({
      wholes: whole,
      others: whole,
      multiples: [{ of, isOne: !isOne }],
    }));
    rest = bothNumbers(rest, eitherNumbers([[outside, ...turned]]));
  }
  return rest;
}

/** Intervals cut down to the whole numbers in them. */
const wholesOf = (intervals: readonly Interval[]): Interval[] =>
  intervals.map(([low, high]): Interval => [Math.ceil(low), Math.floor(high)]).filter(([low, high]) => low <= high);

function union(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((x, y) => x[0] - y[0]);
  const joined: [number, number][] = [];
  for (const [low, high] of sorted) {
    const last = joined.at(-1);
    if (last && (last[1] >= low || next(last[1]) >= low)) last[1] = Math.max(last[1], high);
    else joined.push([low, high]);
  }
  return joined;
}

function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; a[i]![1] < b[j]![1] ? i++ : j++) {
    const low = Math.max(a[i]![0], b[j]![0]);
    const high = Math.min(a[i]![1], b[j]![1]);
    if (low <= high) found.push([low, high]);
  }
  return found;
}

function complement(intervals: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  let low = -MOST;
  for (const [first, last] of intervals) {
    if (first > low) found.push([low, -next(-first)]);
    if (last >= MOST) return found;
    low = next(last);
  }
  found.push([low, MOST]);
  return found;
}
