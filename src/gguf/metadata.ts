import { FormatError } from '../base/errors.ts';
import type { Texts } from '../base/texts.ts';
import { quoted } from './limits.ts';
import { textsIn } from './string_array.ts';
import type { MetadataValue, NumberArray } from './value_types.ts';

/** Reads one key: without a fallback the key must be there; with one (`undefined` counts) it may be missing. Its type must fit either way. */
export interface ReadKey<T> {
  (key: string): T;
  <F>(key: string, fallback: F): T | F;
}

/** A model file's metadata. Every reading method throws `FormatError` naming the key, what came and what was expected. */
export interface Metadata {
  readonly size: number;
  has(key: string): boolean;
  /** The value with the type it has in the file. */
  get(key: string): MetadataValue | undefined;
  entries(): Iterable<readonly [string, MetadataValue]>;
  /** A whole number from 0 to 2^32 - 1, stored as any integer type. */
  readonly u32: ReadKey<number>;
  /** A finite number, stored as any number type. */
  readonly f32: ReadKey<number>;
  readonly bool: ReadKey<boolean>;
  readonly string: ReadKey<string>;
  readonly strings: ReadKey<readonly string[]>;
  /** The same, for arrays too long to be made into strings. */
  readonly texts: ReadKey<Texts>;
  /** An array of numbers of any type but the 64-bit integers. */
  readonly numbers: ReadKey<Exclude<NumberArray, BigUint64Array | BigInt64Array>>;
}

/** Wraps parsed values; `fileName` is for messages. */
export function createMetadata(values: ReadonlyMap<string, MetadataValue>, fileName: string): Metadata {
  const reader = <T>(expected: string, convert: (entry: MetadataValue) => T | undefined): ReadKey<T> => {
    return <F>(key: string, ...fallback: F[]): T | F => {
      const entry = values.get(key);
      if (!entry && fallback.length > 0) return fallback[0] as F;
      const value = entry && convert(entry);
      if (value !== undefined) return value;
      const came = entry ? `is ${described(entry)}` : 'is missing';
      throw new FormatError(
        `${fileName}: metadata ${quoted(key)} ${came}, expected ${expected}; convert the model again?`,
      );
    };
  };
  return {
    size: values.size,
    has: (key) => values.has(key),
    get: (key) => values.get(key),
    entries: () => values.entries(),
    u32: reader('a whole number from 0 to 4294967295', ({ type, value }) =>
      typeof value === 'number' && type !== 'f32' && type !== 'f64' && value >= 0 && value <= 0xffffffff
        ? value
        : undefined,
    ),
    f32: reader('a finite number', ({ value }) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    ),
    bool: reader('a bool', ({ value }) => (typeof value === 'boolean' ? value : undefined)),
    string: reader('a string', ({ value }) => (typeof value === 'string' ? value : undefined)),
    strings: reader('an array of strings', (entry) =>
      entry.type === 'array' && entry.of === 'string' ? entry.value : undefined,
    ),
    texts: reader('an array of strings', (entry) =>
      entry.type === 'array' && entry.of === 'string' ? textsIn(entry) : undefined,
    ),
    numbers: reader('an array of numbers', (entry) =>
      entry.type !== 'array' || entry.of === 'string' || entry.of === 'array' || entry.of === 'bool'
        ? undefined
        : narrow(entry.value),
    ),
  };
}

function narrow(value: NumberArray): Exclude<NumberArray, BigUint64Array | BigInt64Array> | undefined {
  return value instanceof BigUint64Array || value instanceof BigInt64Array ? undefined : value;
}

/** `u32 7`, `string "abc"`, `array of 3 f32`. */
function described(entry: MetadataValue): string {
  if (entry.type === 'array') return `array of ${entry.value.length} ${entry.of}`;
  return `${entry.type} ${typeof entry.value === 'string' ? quoted(entry.value) : entry.value}`;
}
