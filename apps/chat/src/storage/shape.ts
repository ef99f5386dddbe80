/** Checks of JSON that came from a file. A check returns the value with the fields it knows, and no others. */
import { ImportError } from './errors.ts';
import type { Json, JsonObject } from './types.ts';

/** @param where of the value in the file, such as `conversations[3].title` */
export type Check<Value> = (value: unknown, where: string) => Value;

export const kindOf = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : JSON.stringify(value).slice(0, 40);
};

const fail = (value: unknown, where: string, wanted: string): never => {
  throw new ImportError(`${where} is ${kindOf(value)}, expected ${wanted}; nothing was imported`);
};

export const text: Check<string> = (value, where) => (typeof value === 'string' ? value : fail(value, where, 'a text'));

export const name: Check<string> = (value, where) =>
  typeof value === 'string' && value !== '' && value.length <= 200 ? value : fail(value, where, 'a short text');

export const number: Check<number> = (value, where) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(value, where, 'a number');

/** Milliseconds that a date can be made of. */
export const time: Check<number> = (value, where) =>
  Math.abs(number(value, where)) <= 8.64e15 ? (value as number) : fail(value, where, 'a time');

export const boolean: Check<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : fail(value, where, 'true or false');

export const oneOf =
  <Word extends string>(words: readonly Word[]): Check<Word> =>
  (value, where) =>
    words.find((word) => word === value) ?? fail(value, where, `one of ${words.join(', ')}`);

export const list =
  <Item>(check: Check<Item>): Check<Item[]> =>
  (value, where) =>
    Array.isArray(value) ? value.map((item, i) => check(item, `${where}[${i}]`)) : fail(value, where, 'a list');

/** An object with these fields; those of `optional` may be left out, and are then not there. */
export const object =
  <Required extends object, Optional extends object>(
    required: { readonly [Name in keyof Required]: Check<Required[Name]> },
    optional: { readonly [Name in keyof Optional]: Check<Optional[Name]> },
  ): Check<Required & Partial<Optional>> =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(value, where, 'an object');
    const given = value as Record<string, unknown>;
    const checked: Record<string, unknown> = {};
    const at = (field: string) => (where === '' ? field : `${where}.${field}`);
    for (const [field, check] of Object.entries<Check<unknown>>(required))
      checked[field] = check(given[field], at(field));
    for (const [field, check] of Object.entries<Check<unknown>>(optional))
      if (given[field] !== undefined) checked[field] = check(given[field], at(field));
    return checked as Required & Partial<Optional>;
  };

/** Databases and exports overflow where values lie in each other much deeper. */
const mostDepth = 20;

const isDeep = (value: unknown, depth = mostDepth): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((inner) => isDeep(inner, depth - 1)));

/** Settings of any kind: JSON is JSON. */
export const anyObject: Check<JsonObject> = (value, where) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(value, where, 'an object');
  return isDeep(value) ? fail(value, where, 'one that is less deep') : (value as Record<string, Json>);
};
