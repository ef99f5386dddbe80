import { kindOf } from '../../base/checks.ts';
import { at, checkLimit } from './limits.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** A key as a step of a JSON pointer (RFC 6901). */
export const step = (key: string | number): string => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * A copy of what JSON can say; anything else is refused. Its objects inherit nothing: a key may be `toString` or `__proto__`. Cycles end
 * at the limit of depth.
 */
export function jsonOf(value: unknown): Json {
  let nValues = 0;
  const copy = (value: unknown, pointer: string, depth: number): Json => {
    checkLimit('values', ++nValues, pointer);
    checkLimit('depth', depth, pointer);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (Array.isArray(value)) return value.map((item, i) => copy(item, pointer + step(i), depth + 1));
    if (!isPlain(value)) {
      const came = typeof value === 'number' ? String(value) : kindOf(value);
      throw new TypeError(`${at(pointer)} of the schema is ${came}, expected what JSON can say`);
    }
    const object: Record<string, Json> = Object.create(null);
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined) object[key] = copy(inner, pointer + step(key), depth + 1); // JSON.stringify leaves these out, too
    }
    return object;
  };
  return copy(value, '', 0);
}

/** An object of any realm that is a mere list of keys and values. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether two values are equal as JSON Schema says: numbers by value, objects in any order of keys. */
export function isEqual(a: Json, b: Json): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]!));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && isEqual(a[key]!, b[key]!));
}
