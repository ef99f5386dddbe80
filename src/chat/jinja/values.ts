/**
 * The values a template computes with. Python's integers and floats print differently (`2` and `2.0`), so an integer is a
 * JavaScript number and a float is boxed. Nothing here is looked up on a JavaScript prototype: dictionaries are Maps, and
 * methods come from tables.
 */
import { charge, chargeObjects, deeper, fail, joinRows, limits, type Run } from './run.ts';
import { characters, codePointCount, untrusted, type Text } from './text.ts';

export type Value = null | boolean | number | Float | Text | Seq | Dict | Obj | Undef;

export interface Float {
  readonly kind: 'float';
  readonly value: number;
}

/** A generator can be walked once and is always true; a view (`d.items()`) has no index. */
export interface Seq {
  readonly kind: 'list' | 'tuple' | 'range' | 'generator' | 'view';
  items: Value[];
  /** How it prints, where that is not its items: `range(0, 3)`. */
  readonly label?: string;
}

export interface Dict {
  readonly kind: 'dict';
  /** By `hashKey` of the key. */
  readonly entries: Map<string, Entry>;
}

export interface Entry {
  readonly key: Value;
  value: Value;
}

/** Whatever has attributes or can be called: functions, macros, `loop`, namespaces. */
export interface Obj {
  readonly kind: 'object';
  readonly name: string;
  readonly get?: (name: string) => Value | undefined;
  readonly set?: (name: string, value: Value) => void;
  readonly call?: (run: Run, args: Args) => Value;
}

/** Prints as nothing, loops over nothing, is false; anything else done to it is an error which says why it is undefined. */
export interface Undef {
  readonly kind: 'undefined';
  readonly why: () => string;
}

export interface Args {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export const float = (value: number): Float => ({ kind: 'float', value });
export const undef = (why: () => string): Undef => ({ kind: 'undefined', why });
export const seq = (kind: Seq['kind'], items: Value[]): Seq => ({ kind, items });
export const list = (items: Value[]): Seq => seq('list', items);

export function int(run: Run, value: number): number {
  if (!Number.isSafeInteger(value)) fail(run, `the integer ${value} is beyond ±2^53`);
  return value === 0 ? 0 : value; // never -0
}

/** The discriminant, also for values that JavaScript has itself. */
export function kindOf(value: Value): 'none' | 'bool' | 'int' | Exclude<Value, null | boolean | number>['kind'] {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? 'int' : value.kind;
}

export function isText(value: Value | undefined): value is Text {
  return typeof value === 'object' && value !== null && value.kind === 'text';
}

export function isUndef(value: Value): value is Undef {
  return typeof value === 'object' && value !== null && value.kind === 'undefined';
}

const SEQUENCES = new Set<string>(['list', 'tuple', 'range', 'generator', 'view'] satisfies Seq['kind'][]);

export function isSeq(value: Value | undefined): value is Seq {
  return typeof value === 'object' && value !== null && SEQUENCES.has(value.kind);
}

export function isDict(value: Value | undefined): value is Dict {
  return typeof value === 'object' && value !== null && value.kind === 'dict';
}

/** The number behind an integer, float or boolean (which counts as 0 or 1). */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'object' && value?.kind === 'float' ? value.value : undefined;
}

const TYPE_NAMES: Record<string, string> = { none: 'NoneType', text: 'str', undefined: 'Undefined' };

export function typeName(value: Value): string {
  const kind = kindOf(value);
  if (kind === 'object') return (value as Obj).name;
  return TYPE_NAMES[kind] ?? kind;
}

export function truthy(value: Value): boolean {
  switch (kindOf(value)) {
    case 'none':
    case 'undefined':
      return false;
    case 'text':
      return (value as Text).text !== '';
    case 'dict':
      return (value as Dict).entries.size > 0;
    case 'list':
    case 'tuple':
    case 'range':
    case 'view':
      return (value as Seq).items.length > 0;
    case 'bool':
    case 'int':
    case 'float':
      return numberOf(value) !== 0;
    default:
      return true;
  }
}

/** Everything a loop would visit, as a new array. */
export function iterate(run: Run, value: Value): Value[] {
  if (isText(value)) return characters(run, value);
  if (isDict(value)) {
    charge(run, value.entries.size);
    return [...value.entries.values()].map((entry) => entry.key);
  }
  if (isUndef(value)) return [];
  if (!isSeq(value)) return fail(run, `${typeName(value)} is not iterable`);
  charge(run, value.items.length);
  const items = value.items.slice();
  if (value.kind === 'generator') value.items = [];
  return items;
}

export function lengthOf(run: Run, value: Value): number {
  if (isText(value)) return codePointCount(run, value);
  if (isDict(value)) return value.entries.size;
  if (isUndef(value)) return 0;
  if (isSeq(value) && value.kind !== 'generator') return value.items.length;
  return fail(run, `${typeName(value)} has no length`);
}

/** `??` would take None, a value like any other, for a missing one. */
export function orElse(value: Value | undefined, otherwise: () => Value): Value {
  return value === undefined ? otherwise() : value;
}

/** A string that is equal for equal keys: `1`, `1.0` and `True` are one key, as in Python. Undefined is a key like others. */
export function hashKey(run: Run, key: Value): string {
  if (isText(key)) {
    charge(run, 1 + (key.text.length >> 3));
    return `"${key.text}`;
  }
  const number = numberOf(key);
  if (number !== undefined) return `${number}`;
  if (key === null || isUndef(key)) return kindOf(key);
  if (isSeq(key) && key.kind === 'tuple') {
    const hashes = deeper(run, () => key.items.map((item) => hashKey(run, item)));
    const parts = hashes.map((hash) => `${hash.length}:${hash}`);
    return `(${joinRows(run, parts, '')})`;
  }
  return fail(run, `${typeName(key)} cannot be a dictionary key`);
}

export function dict(run: Run, pairs: Iterable<readonly [Value, Value]> = []): Dict {
  const made: Dict = { kind: 'dict', entries: new Map() };
  chargeObjects(run, 4);
  for (const [key, value] of pairs) setKey(run, made, key, value);
  return made;
}

export function setKey(run: Run, target: Dict, key: Value, value: Value): void {
  const hash = hashKey(run, key);
  const entry = target.entries.get(hash);
  if (entry) entry.value = value;
  else {
    chargeObjects(run, 2);
    target.entries.set(hash, { key, value });
  }
}

export function getKey(run: Run, from: Dict, key: Value): Value | undefined {
  return from.entries.get(hashKey(run, key))?.value;
}

/** `[key, value]` tuples, in order of insertion. */
export function items(run: Run, from: Dict): Seq[] {
  chargeObjects(run, 2 * from.entries.size);
  return [...from.entries.values()].map((entry) => seq('tuple', [entry.key, entry.value]));
}

export function callable(name: string, call: (run: Run, args: Args) => Value): Obj {
  return { kind: 'object', name, call };
}

export function namespace(fields: Map<string, Value>): Obj {
  return {
    kind: 'object',
    name: 'Namespace',
    get: (name) => fields.get(name),
    set: (name, value) => void fields.set(name, value),
  };
}

/** The caller's data (messages, tools, template variables) as values. All its text is untrusted. */
export function fromData(run: Run, data: unknown, where: string): Value {
  run.allowed += limits.stepsPerGiven * (typeof data === 'string' ? 1 + data.length : 1);
  if (data === null || typeof data === 'boolean') return data;
  if (typeof data === 'string') return untrusted(data);
  if (typeof data === 'number') return Number.isSafeInteger(data) ? int(run, data) : float(data);
  if (typeof data !== 'object')
    throw new TypeError(`${where} is a ${typeof data}; a chat template takes JSON-like data`);
  return deeper(run, () => {
    if (Array.isArray(data)) return list(data.map((item: unknown, i) => fromData(run, item, `${where}[${i}]`)));
    const fields = Object.entries(data).filter(([, value]) => value !== undefined);
    return dict(
      run,
      fields.map(([key, value]) => [untrusted(key), fromData(run, value, `${where}.${key}`)] as const),
    );
  });
}
