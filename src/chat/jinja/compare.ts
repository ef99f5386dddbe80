/** Equality, order and membership, by Python's rules. */
import { charge, chargeSearch, deeper, fail, type Run } from './run.ts';
import { isDict, isSeq, isText, isUndef, iterate, kindOf, numberOf, typeName, hashKey, type Value } from './values.ts';

export function equal(run: Run, a: Value, b: Value): boolean {
  charge(run, 1);
  if (a === b) return true;
  if (isText(a) && isText(b)) {
    charge(run, Math.min(a.text.length, b.text.length) >> 3);
    return a.text === b.text;
  }
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x === y;
  if (isUndef(a) && isUndef(b)) return true;
  if (isSeq(a) && isSeq(b)) {
    if (a.kind !== b.kind || a.kind === 'generator' || a.items.length !== b.items.length) return false;
    return deeper(run, () => a.items.every((item, i) => equal(run, item, b.items[i]!)));
  }
  if (isDict(a) && isDict(b)) {
    if (a.entries.size !== b.entries.size) return false;
    const matches = ([hash, { value }]: [string, { value: Value }]) => {
      const other = b.entries.get(hash);
      return other !== undefined && equal(run, value, other.value);
    };
    return deeper(run, () => [...a.entries].every(matches));
  }
  return false;
}

/** Negative, zero or positive, as a comparator wants it. NaN when a NaN is involved: then no order holds. */
export function compareValues(run: Run, a: Value, b: Value): number {
  charge(run, 1);
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x === y ? 0 : NaN;
  if (isText(a) && isText(b)) {
    charge(run, Math.min(a.text.length, b.text.length) >> 3);
    return compareByCodePoint(a.text, b.text);
  }
  if (isSeq(a) && isSeq(b) && a.kind === b.kind && (a.kind === 'list' || a.kind === 'tuple')) {
    return deeper(run, () => {
      for (let i = 0; i < Math.min(a.items.length, b.items.length); i++) {
        if (!equal(run, a.items[i]!, b.items[i]!)) return compareValues(run, a.items[i]!, b.items[i]!);
      }
      return a.items.length - b.items.length;
    });
  }
  for (const value of [a, b]) if (isUndef(value)) fail(run, value.why());
  return fail(run, `cannot order ${typeName(a)} and ${typeName(b)}`);
}

/** JavaScript orders by UTF-16 unit, which puts U+E000 … U+FFFF after the emoji. */
function compareByCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i > 0 && /[\ud800-\udbff]/.test(a[i - 1]!)) i--;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

function contains(run: Run, container: Value, wanted: Value): boolean {
  if (isText(container)) {
    if (!isText(wanted)) return fail(run, `'in <string>' needs a string on its left, not ${kindOf(wanted)}`);
    chargeSearch(run, container.text.length, wanted.text.length);
    return container.text.includes(wanted.text);
  }
  if (isDict(container)) return container.entries.has(hashKey(run, wanted));
  return iterate(run, container).some((item) => equal(run, item, wanted));
}

/** The comparisons of expressions: `a < b`, `a not in b`. */
export const COMPARISONS: ReadonlyMap<string, (run: Run, a: Value, b: Value) => boolean> = new Map([
  ['==', equal],
  ['!=', (run, a, b) => !equal(run, a, b)],
  ['<=', (run, a, b) => compareValues(run, a, b) <= 0],
  ['>=', (run, a, b) => compareValues(run, a, b) >= 0],
  ['<', (run, a, b) => compareValues(run, a, b) < 0],
  ['>', (run, a, b) => compareValues(run, a, b) > 0],
  ['in', (run, a, b) => contains(run, b, a)],
  ['not in', (run, a, b) => !contains(run, b, a)],
]);
