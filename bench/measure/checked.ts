import { FormatError } from '../../src/base/errors.ts';

/** Reads what came from a file or a link: copies what is known, and throws for what is not as it should be. */
export type Read<T> = (value: unknown, where: string) => T;

const fail = (where: string, value: unknown, expected: string): never => {
  const came = value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 40);
  throw new FormatError(`${where || 'the result'} is ${came}, expected ${expected}`);
};

export const number =
  (min: number, max: number): Read<number> =>
  (value, where) =>
    typeof value === 'number' && value >= min && value <= max
      ? value
      : fail(where, value, `a number from ${min} to ${max}`);

export const whole =
  (min: number, max: number): Read<number> =>
  (value, where) =>
    Number.isInteger(number(min, max)(value, where)) ? (value as number) : fail(where, value, 'a whole number');

export const flag: Read<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : fail(where, value, 'true or false');

/** Control and direction characters could make a name look like another one. */
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

export const text =
  (maxLength: number, pattern = /^/): Read<string> =>
  (value, where) =>
    typeof value === 'string' && value.length <= maxLength && pattern.test(value)
      ? value.replace(unseen, '')
      : fail(
          where,
          value,
          `a text of at most ${maxLength} characters${pattern.source === '^' ? '' : ` like ${pattern}`}`,
        );

export const oneOf =
  <T extends string | number>(...values: readonly T[]): Read<T> =>
  (value, where) =>
    values.includes(value as T) ? (value as T) : fail(where, value, values.join(' or '));

export const list =
  <T>(read: Read<T>, maxLength: number): Read<T[]> =>
  (value, where) =>
    Array.isArray(value) && value.length <= maxLength
      ? value.map((one, i) => read(one, `${where}[${i}]`))
      : fail(where, Array.isArray(value) ? value.length : value, `a list of at most ${maxLength}`);

export const pair =
  <A, B>(first: Read<A>, second: Read<B>): Read<[A, B]> =>
  (value, where) =>
    Array.isArray(value) && value.length === 2
      ? [first(value[0], `${where}[0]`), second(value[1], `${where}[1]`)]
      : fail(where, value, 'two numbers');

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, where) =>
    value === undefined ? undefined : read(value, where);

/** The fields of an object that are known; others are left out. */
export const object =
  <T extends object>(fields: { readonly [K in keyof T]-?: Read<T[K]> }): Read<T> =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(where, value, 'an object');
    const entries = Object.entries(fields as Record<string, Read<unknown>>).map(([name, read]) => [
      name,
      read(
        Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined,
        where ? `${where}.${name}` : name,
      ),
    ]);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined)) as T;
  };
