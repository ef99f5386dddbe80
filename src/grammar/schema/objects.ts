/** Sets of objects: intersections and opposites. */
import { both, either, literal, not } from '../regular.ts';
import { countWork } from './limits.ts';
import type { Context, Keys, ObjectShape, Property, Values } from './sets.ts';
import { allContents, contentsOf, isNothing, matches } from './texts.ts';
import { any, bothValues, none, notValues } from './values.ts';

const allKeys: readonly Keys[] = [{ keys: allContents, values: any }];

export const topObject: ObjectShape = { named: new Map(), others: allKeys, min: 0, max: Infinity, some: [] };

/** What the shape says of the value under a key. */
export function valuesUnder(shape: ObjectShape, name: string): Values {
  const named = shape.named.get(name);
  if (named) return named.values;
  if (shape.others === allKeys) return any;
  return shape.others.find(({ keys }) => matches(keys, contentsOf(name)))?.values ?? none;
}

export function bothObjects(context: Context, a: ObjectShape, b: ObjectShape): ObjectShape | undefined {
  if (a === topObject || b === topObject) return a === topObject ? b : a;
  countWork(context, context.where, a.named.size + b.named.size);
  const named = new Map<string, Property>();
  for (const name of new Set([...a.named.keys(), ...b.named.keys()])) {
    named.set(name, {
      isRequired: (a.named.get(name)?.isRequired ?? false) || (b.named.get(name)?.isRequired ?? false),
      values: bothValues(context, [valuesUnder(a, name), valuesUnder(b, name)]),
    });
  }
  const some = new Map([...a.some, ...b.some].map((one) => [`${one.keys.id} ${one.values.id}`, one]));
  return possibleObject(context, {
    named,
    others: bothKeys(context, a.others, b.others),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    some: [...some.values()],
  });
}

/** Classes of keys that are one of `a` and one of `b`. */
export function bothKeys(context: Context, a: readonly Keys[], b: readonly Keys[]): readonly Keys[] {
  if (a === allKeys) return b;
  if (b === allKeys) return a;
  return a.flatMap((left) =>
    b.flatMap((right): Keys[] => {
      const keys = left.keys === right.keys ? left.keys : both([left.keys, right.keys]);
      const values = bothValues(context, [left.values, right.values]);
      return values === none || isNothing(keys, context) ? [] : [{ keys, values }];
    }),
  );
}

/** The same set without properties that no value can have; nothing where it is known to be empty. */
export function possibleObject(context: Context, shape: ObjectShape): ObjectShape | undefined {
  let nRequired = 0;
  let nPossible = 0;
  const named = new Map<string, Property>();
  for (const [name, property] of shape.named) {
    const isNone = context.isEmpty(property.values);
    if (isNone && property.isRequired) return undefined;
    if (property.isRequired) nRequired++;
    if (!isNone) nPossible++;
    named.set(name, isNone ? { isRequired: false, values: none } : property);
  }
  const others = shape.others.filter(({ values }) => !context.isEmpty(values));
  const most = others.length === 0 ? Math.min(shape.max, nPossible) : shape.max;
  if (Math.max(shape.min, nRequired) > most) return undefined;
  if (shape.some.some(({ values }) => context.isEmpty(values))) return undefined;
  return { ...shape, named, others: others.length === shape.others.length ? shape.others : others };
}

/** All objects that are none of the shape's, as alternatives. */
export function otherObjects(context: Context, shape: ObjectShape): ObjectShape[] {
  const found: ObjectShape[] = [];
  const withNamed = (name: string, property: Property): void =>
    void found.push({ ...topObject, named: new Map([[name, property]]) });
  for (const [name, { isRequired, values }] of shape.named) {
    if (values.kind !== 'any') withNamed(name, { isRequired: true, values: notValues(context, values) });
    if (isRequired) withNamed(name, { isRequired: false, values: none });
  }
  const names = keysNamed([...shape.named.keys()]);
  if (shape.others !== allKeys) {
    const forbidden = { keys: both([allContents, not(either(shape.others.map(({ keys }) => keys)))]), values: none };
    for (const { keys, values } of [...shape.others, forbidden]) {
      const rest = both([keys, not(names)]);
      if (values.kind !== 'any' && !isNothing(rest, context)) found.push(with1(rest, notValues(context, values)));
    }
  }
  if (shape.min > 0) found.push({ ...topObject, max: shape.min - 1 });
  if (shape.max < Infinity) found.push({ ...topObject, min: shape.max + 1 });
  for (const { keys, values } of shape.some) {
    const rest: Keys = { keys: both([allContents, not(keys)]), values: any };
    found.push({ ...topObject, others: [{ keys, values: notValues(context, values) }, rest] });
  }
  return found;
}

const with1 = (keys: Keys['keys'], values: Values): ObjectShape => ({ ...topObject, some: [{ keys, values }] });

/** The contents of these names. */
export const keysNamed = (names: readonly string[]): Keys['keys'] =>
  either(names.map((name) => literal(contentsOf(name))));
