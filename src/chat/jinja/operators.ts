/** Arithmetic, slices and `~`, by Python's rules. */
import { toText } from './print.ts';
import { charge, chargeObjects, checkItems, fail, type Run } from './run.ts';
import { characters, codePointOffsets, concat, repeat, slice, type Text } from './text.ts';
import { float, int, isSeq, isText, isUndef, numberOf, seq, typeName, type Seq, type Value } from './values.ts';

type Arithmetic = (run: Run, x: number, y: number) => number;

const nonZero = (run: Run, y: number) => (y === 0 ? fail(run, 'division by zero') : y);
const floorMod = (x: number, y: number) => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};

const ARITHMETIC = new Map<string, Arithmetic>([
  ['+', (_, x, y) => x + y],
  ['-', (_, x, y) => x - y],
  ['*', (_, x, y) => x * y],
  ['/', (run, x, y) => x / nonZero(run, y)],
  ['//', (run, x, y) => Math.floor(x / nonZero(run, y))],
  ['%', (run, x, y) => floorMod(x, nonZero(run, y))],
  ['**', (run, x, y) => (x === 0 && y < 0 ? fail(run, 'division by zero') : x ** y)],
]);

export function binary(run: Run, op: string, left: Value, right: Value): Value {
  if (op === '~') return concat(run, [toText(run, left), toText(run, right)]);
  const x = numberOf(left);
  const y = numberOf(right);
  const compute = ARITHMETIC.get(op);
  if (x !== undefined && y !== undefined && compute) {
    const result = compute(run, x, y);
    const isFloat = typeof left === 'object' || typeof right === 'object' || op === '/' || (op === '**' && y < 0);
    if (!isFloat) return int(run, result);
    chargeObjects(run, 1);
    return float(result);
  }
  if (op === '+' && isText(left) && isText(right)) return concat(run, [left, right]);
  if (op === '+' && isList(left) && isList(right) && left.kind === right.kind) {
    chargeObjects(run, 2);
    return seq(left.kind, [...copy(run, left), ...copy(run, right)]);
  }
  if (op === '*') {
    if (typeof right === 'number' || typeof right === 'boolean') return times(run, left, Number(right));
    if (typeof left === 'number' || typeof left === 'boolean') return times(run, right, Number(left));
  }
  return cannot(run, op, [left, right]);
}

function cannot(run: Run, op: string, operands: readonly Value[]): never {
  for (const value of operands) if (isUndef(value)) fail(run, value.why());
  return fail(run, `cannot compute ${operands.map(typeName).join(` ${op} `)}`);
}

const isList = (value: Value): value is Seq => isSeq(value) && (value.kind === 'list' || value.kind === 'tuple');

function copy(run: Run, { items }: Seq): Value[] {
  charge(run, items.length);
  return items;
}

function times(run: Run, value: Value, n: number): Value {
  if (isText(value)) return repeat(run, value, n);
  if (!isList(value)) return cannot(run, '*', [value, n]);
  const nTimes = value.items.length === 0 ? 0 : Math.max(0, n);
  checkItems(run, value.items.length * nTimes);
  chargeObjects(run, 2);
  return seq(value.kind, Array.from({ length: nTimes }, () => value.items).flat());
}

export function negate(run: Run, value: Value, op: '-' | '+'): Value {
  const x = numberOf(value);
  if (x === undefined)
    return isUndef(value) ? fail(run, value.why()) : fail(run, `cannot compute ${op}${typeName(value)}`);
  const result = op === '-' ? -x : x;
  return typeof value === 'object' ? float(result) : int(run, result);
}

export interface Bounds {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** `value[start:stop:step]`. */
export function sliceOf(run: Run, value: Value, bounds: Bounds): Value {
  if (isText(value)) return sliceText(run, value, bounds);
  if (!isSeq(value) || value.kind === 'view' || value.kind === 'generator') {
    return isUndef(value) ? fail(run, value.why()) : fail(run, `${typeName(value)} cannot be sliced`);
  }
  chargeObjects(run, 2);
  const picked = indices(run, value.items.length, bounds).map((i) => value.items[i]!);
  return seq(value.kind === 'tuple' ? 'tuple' : 'list', picked);
}

function sliceText(run: Run, value: Text, bounds: Bounds): Text {
  const offsets = codePointOffsets(run, value);
  if (bounds.step === null || bounds.step === 1) {
    const [start, stop] = range(run, offsets.length - 1, bounds);
    return slice(run, value, offsets[start]!, offsets[Math.max(start, stop)]!);
  }
  const chars = characters(run, value);
  return concat(
    run,
    indices(run, chars.length, bounds).map((i) => chars[i]!),
  );
}

function range(run: Run, length: number, { start, stop, step }: Bounds): [start: number, stop: number, step: number] {
  const by = bound(run, step) ?? 1;
  if (by === 0) fail(run, 'a slice cannot step by 0');
  const [low, high] = by > 0 ? [0, length] : [-1, length - 1];
  const clamp = (at: number | undefined, otherwise: number) =>
    at === undefined ? otherwise : Math.min(high, Math.max(low, at < 0 ? at + length : at));
  return [clamp(bound(run, start), by > 0 ? low : high), clamp(bound(run, stop), by > 0 ? high : low), by];
}

function bound(run: Run, value: Value): number | undefined {
  if (value === null) return undefined;
  if (typeof value === 'object')
    return isUndef(value) ? fail(run, value.why()) : fail(run, `a slice needs integers, got ${typeName(value)}`);
  return Number(value);
}

function indices(run: Run, length: number, bounds: Bounds): number[] {
  const [start, stop, step] = range(run, length, bounds);
  charge(run, 2 * Math.max(0, Math.ceil((stop - start) / step)));
  const picked: number[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) picked.push(i);
  return picked;
}
