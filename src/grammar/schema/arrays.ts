/** Sets of arrays: intersections and opposites. */
import { UnsupportedError } from '../../base/errors.ts';
import { at, checkLimit, countWork } from './limits.ts';
import type { ArrayShape, Contains, Context, Values } from './sets.ts';
import { any, bothValues, none, notValues } from './values.ts';

export const topArray: ArrayShape = { prefix: [], rest: any, min: 0, max: Infinity, contains: [], unique: undefined };

export const itemAt = (shape: ArrayShape, index: number): Values => shape.prefix[index] ?? shape.rest;

export function bothArrays(context: Context, a: ArrayShape, b: ArrayShape): ArrayShape | undefined {
  if (a === topArray || b === topArray) return a === topArray ? b : a;
  const length = Math.max(a.prefix.length, b.prefix.length);
  countWork(context, context.where, length);
  const prefix = Array.from({ length }, (_, i) => bothValues(context, [itemAt(a, i), itemAt(b, i)]));
  const contains = new Map([...a.contains, ...b.contains].map((one) => [containsKey(one), one]));
  return possibleArray(context, {
    prefix,
    rest: bothValues(context, [a.rest, b.rest]),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    contains: [...contains.values()],
    unique: a.unique ?? b.unique,
  });
}

const containsKey = ({ values, from, min, max }: Contains): string => `${values.id} ${from} ${min} ${max}`;

/** The same set with what follows from the rest; nothing where it is known to be empty. */
export function possibleArray(context: Context, shape: ArrayShape): ArrayShape | undefined {
  let { max } = shape;
  const end = shape.prefix.findIndex((values, i) => i < max && context.isEmpty(values));
  if (end >= 0) max = end;
  else if (max > shape.prefix.length && context.isEmpty(shape.rest)) max = shape.prefix.length;
  const contains = shape.contains.filter(({ min, max: most }) => min > 0 || most < max);
  const needed = contains.reduce((most, { from, min }) => Math.max(most, min === 0 ? 0 : from + min), shape.min);
  if (needed > max || contains.some(({ values, min, max }) => min > max || (min > 0 && context.isEmpty(values))))
    return undefined;
  const prefix = shape.prefix.slice(0, max);
  return { ...shape, prefix, rest: max <= prefix.length ? none : shape.rest, min: needed, max, contains };
}

/** All arrays that are none of the shape's, as alternatives. */
export function otherArrays(context: Context, shape: ArrayShape): ArrayShape[] {
  if (shape.unique !== undefined) {
    throw new UnsupportedError(
      `${at(shape.unique)} of the schema: uniqueItems is under not, if or a oneOf whose parts overlap; say the opposite without it`,
    );
  }
  checkLimit('alternatives', shape.prefix.length, context.where); // each is one, and as long as its place
  const found: ArrayShape[] = [];
  const contains = (one: Contains): void => void found.push({ ...topArray, contains: [one] });
  if (shape.min > 0) found.push({ ...topArray, max: shape.min - 1 });
  if (shape.max < Infinity) found.push({ ...topArray, min: shape.max + 1 });
  shape.prefix.forEach((values, i) => {
    if (values.kind === 'any') return;
    const prefix = [...Array.from({ length: i }, () => any), notValues(context, values)];
    found.push({ ...topArray, prefix, min: i + 1 });
  });
  const isOpen = shape.rest.kind !== 'any' && shape.max > shape.prefix.length;
  if (isOpen) contains({ values: notValues(context, shape.rest), from: shape.prefix.length, min: 1, max: Infinity });
  for (const one of shape.contains) {
    if (one.min > 0) contains({ ...one, min: 0, max: one.min - 1 });
    if (one.max < Infinity) contains({ ...one, min: one.max + 1, max: Infinity });
  }
  return found;
}
