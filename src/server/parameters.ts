/** Parameters of requests, as tables: what a value must be, and where it goes. */
import { isInside, kindOf, type NumberLimits } from '../base/checks.ts';
import { HttpError } from './http_error.ts';
import type { ServedOptions } from './served.ts';

/** Returns the value as it is used. @throws HttpError that names the parameter */
export type Check<T> = (value: unknown, name: string) => T;

export interface Parameter<T> {
  readonly check: Check<T>;
  /** The option of the answer that it is. */
  readonly sets?: keyof ServedOptions;
}

export type Table = Readonly<Record<string, Parameter<unknown>>>;
export type Given<T extends Table> = { readonly [K in keyof T]?: ReturnType<T[K]['check']> };

/** What a request asks for: options of the answer, and the rest by name. */
export interface Reading<T extends Table> {
  readonly options: ServedOptions;
  readonly given: Given<T>;
}

/** A value for a message. */
export function shown(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return 'an empty list';
  const isShort =
    typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length < 40);
  return isShort ? JSON.stringify(value) : kindOf(value);
}

export const wrong = (name: string, value: unknown, wanted: string): HttpError =>
  new HttpError(400, `'${name}' is ${shown(value)}, expected ${wanted}`, { param: name });

/**
 * Reads a body by its table; null counts as left out. `others` says what becomes of what the table does not know: APIs differ in that.
 * @throws HttpError
 */
export function readParameters<T extends Table>(body: unknown, table: T, others: 'refuse' | 'ignore'): Reading<T> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HttpError(400, `the body is ${kindOf(body)}, expected a JSON object`);
  const options: Record<string, unknown> = {};
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue;
    if (!Object.hasOwn(table, name)) {
      if (others === 'ignore') continue;
      throw new HttpError(400, `Unrecognized request argument supplied: ${name.slice(0, 100)}`, {
        param: name.slice(0, 100),
      });
    }
    const { check, sets } = table[name]!;
    const checked = check(value, name);
    given[name] = checked;
    if (sets !== undefined && checked !== undefined) options[sets] = checked;
  }
  return { options: options as ServedOptions, given: given as Given<T> };
}

/** @throws HttpError where a parameter is missing */
export function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new HttpError(400, `Missing required parameter: '${name}'`, { param: name });
  return value;
}

export const number =
  (limits: NumberLimits): Check<number> =>
  (value, name) => {
    if (typeof value === 'number' && isInside(value, limits)) return value;
    const { min, max, isInteger } = limits;
    const least = min === -Infinity ? '' : ` of at least ${min}`;
    throw wrong(
      name,
      value,
      `a ${isInteger ? 'whole ' : ''}number${max === undefined ? least : ` from ${min} to ${max}`}`,
    );
  };
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER): Check<number> =>
  number({ min, max, isInteger: true });
export const boolean: Check<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw wrong(name, value, 'true or false');
};
export const text: Check<string> = (value, name) => {
  if (typeof value === 'string') return value;
  throw wrong(name, value, 'a text');
};
export const object: Check<Readonly<Record<string, unknown>>> = (value, name) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(name, value, 'an object');
};
export const list =
  <T>(check: Check<T>, { most = Infinity } = {}): Check<T[]> =>
  (value, name) => {
    if (!Array.isArray(value)) throw wrong(name, value, 'a list');
    if (value.length > most) throw wrong(name, value, `at most ${most} items, and ${value.length} came`);
    return value.map((item, i) => check(item, `${name}[${i}]`));
  };
export const oneOf =
  <const T extends string>(...words: readonly T[]): Check<T> =>
  (value, name) => {
    if (words.includes(value as T)) return value as T;
    throw wrong(name, value, `one of ${words.join(', ')}`);
  };
/** Looked at where it is used. */
export const anything: Check<unknown> = (value) => value;
/** Has no effect on the answer here, and none that the client could see. */
export const unseen: Parameter<unknown> = { check: anything };
/** Would change the answer, whatever it is, and cannot be done. */
export const unsupported = (why: string): Parameter<never> => ({
  check(_, name) {
    throw new HttpError(400, `'${name}' is not supported: ${why}`, { param: name, code: 'unsupported_parameter' });
  },
});
/** The same, but the values that ask for nothing are taken. */
export const refused = (why: string, ...harmless: readonly unknown[]): Parameter<undefined> => ({
  check(value, name) {
    const isEmpty = Array.isArray(value)
      ? value.length === 0
      : typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    if (isEmpty || value === false || value === '' || harmless.includes(value)) return undefined;
    return unsupported(why).check(value, name);
  },
});

/** Stop texts: one or a list. */
export const stops: Check<string[]> = (value, name) => {
  const all = typeof value === 'string' ? [value] : list(text, { most: 64 })(value, name);
  return all.filter((stop) => stop !== '');
};
