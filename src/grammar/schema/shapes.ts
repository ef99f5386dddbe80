/** Intersections, unions and opposites of shapes. */
import { UnsupportedError } from '../../base/errors.ts';
import { both, either, nothing } from '../regular.ts';
import { bothArrays, otherArrays, possibleArray, topArray } from './arrays.ts';
import { checkLimit, countWork } from './limits.ts';
import { allNumbers, bothNumbers, eitherNumbers, noNumbers, otherNumbers } from './numbers.ts';
import { bothObjects, otherObjects, possibleObject, topObject } from './objects.ts';
import type { ArrayShape, Context, ObjectShape, Shape } from './sets.ts';
import { anyContents, isNothing, otherContents } from './texts.ts';

export const top: Shape = {
  hasNull: true,
  booleans: [false, true],
  numbers: allNumbers,
  strings: anyContents,
  arrays: [topArray],
  objects: [topObject],
  strict: undefined,
};

export const bottom: Shape = {
  hasNull: false,
  booleans: [],
  numbers: noNumbers,
  strings: nothing,
  arrays: [],
  objects: [],
  strict: undefined,
};

export function bothShapes(context: Context, a: Shape, b: Shape): Shape {
  if (a === top) return b;
  if (b === top) return a;
  if (a === bottom || b === bottom) return bottom;
  return {
    hasNull: a.hasNull && b.hasNull,
    booleans: a.booleans.filter((value) => b.booleans.includes(value)),
    numbers: bothNumbers(a.numbers, b.numbers),
    strings: both([a.strings, b.strings]),
    arrays: pairs(context, a.arrays, b.arrays, bothArrays),
    objects: pairs(context, a.objects, b.objects, bothObjects),
    strict: a.strict ?? b.strict,
  };
}

/** The intersection of each alternative with each other; those that are known to be empty go. */
export function pairs<T extends object>(
  context: Context,
  a: readonly T[],
  b: readonly T[],
  join: (context: Context, a: T, b: T) => T | undefined,
): readonly T[] {
  const found = new Map<string, T>();
  for (const left of a) {
    for (const right of b) {
      countWork(context);
      const joined = join(context, left, right);
      if (!joined) continue;
      found.set(keyOf(joined), joined);
      checkLimit('alternatives', found.size, context.where);
    }
  }
  return [...found.values()];
}

export function eitherShapes(context: Context, shapes: readonly Shape[]): Shape {
  if (shapes.length === 1) return shapes[0]!;
  const booleans = new Set(shapes.flatMap((shape) => shape.booleans));
  return {
    hasNull: shapes.some((shape) => shape.hasNull),
    booleans: [...booleans],
    numbers: eitherNumbers(shapes.map((shape) => shape.numbers)),
    strings: shapes.some((shape) => shape.strings === anyContents)
      ? anyContents
      : either(shapes.map((shape) => shape.strings)),
    arrays: distinct(context, shapes.flatMap((shape) => shape.arrays), topArray), // prettier-ignore
    objects: distinct(context, shapes.flatMap((shape) => shape.objects), topObject), // prettier-ignore
    strict: shapes.find((shape) => shape.strict)?.strict,
  };
}

function distinct<T extends ArrayShape | ObjectShape>(context: Context, parts: readonly T[], all: T): readonly T[] {
  if (parts.includes(all)) return [all];
  const found = [...new Map(parts.map((part) => [keyOf(part), part])).values()];
  checkLimit('alternatives', found.length, context.where);
  return found;
}

/** The same for alternatives that are the same. */
const keyOf = (part: object): string =>
  JSON.stringify(part, (_, inner: unknown) => {
    if (inner instanceof Map) return [...inner];
    const id = (inner as { id?: number } | null)?.id;
    return typeof id === 'number' ? id : inner === Infinity ? 'no end' : inner;
  });

/** All values that the shape does not have. */
export function otherShape(context: Context, shape: Shape): Shape {
  if (shape.strict !== undefined) {
    throw new UnsupportedError(
      `${shape.strict} of the schema is under not, if or a oneOf whose parts overlap: what it leaves out is not known exactly enough; say the opposite without it`,
    );
  }
  return {
    hasNull: !shape.hasNull,
    booleans: [false, true].filter((value) => !shape.booleans.includes(value)),
    numbers: otherNumbers(shape.numbers),
    strings: shape.strings === anyContents ? nothing : otherContents(shape.strings),
    arrays: shape.arrays.reduce<readonly ArrayShape[]>((rest, part) => pairs(context, rest, otherArrays(context, part), bothArrays), [topArray]), // prettier-ignore
    objects: shape.objects.reduce<readonly ObjectShape[]>((rest, part) => pairs(context, rest, otherObjects(context, part), bothObjects), [topObject]), // prettier-ignore
    strict: undefined,
  };
}

/** Whether the shape is known to have no value. Of one that is held to more than the schema says, only what it does not speak of is known. */
export function isEmptyShape(context: Context, shape: Shape): boolean {
  if (shape.hasNull || shape.booleans.length > 0 || shape.numbers.length > 0) return false;
  if (shape.strict !== undefined) return shape.strings === nothing && shape.objects.length + shape.arrays.length === 0;
  if (shape.objects.some((part) => possibleObject(context, part))) return false;
  if (shape.arrays.some((part) => possibleArray(context, part))) return false;
  return isNothing(shape.strings, context);
}
