import { parsed } from './json_text.ts';
import { literalData } from './literals.ts';

/** The types of JSON, with whole numbers apart. */
type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';
type Types = ReadonlySet<string>;

const all: Types = new Set<JsonType>(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']);
const MAX_DEPTH = 20;

type Schema = Readonly<Record<string, unknown>>;
const isSchema = (data: unknown): data is Schema => typeof data === 'object' && data !== null && !Array.isArray(data);

export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'object' : (typeof value as 'string' | 'boolean');
}

const unionOf = (sets: readonly Types[]): Types => new Set(sets.flatMap((set) => [...set]));
const shared = (a: Types, b: Types): Types => new Set([...a].filter((type) => b.has(type)));

/** The types that were found of the parts of a schema: each is looked at once, however often it is referred to. */
export type KnownTypes = Map<Schema, Types>;

/** The types of the values that a schema allows, as far as it says so. `root`: where its references begin. */
export function typesOf(schema: unknown, root: unknown, known: KnownTypes = new Map(), depth = 0): Types {
  if (!isSchema(schema) || depth > MAX_DEPTH) return all;
  const before = known.get(schema);
  if (before) return before;
  known.set(schema, all); // what it may be where it refers to itself
  const types = ownTypes(schema, root, (part) => typesOf(part, root, known, depth + 1));
  known.set(schema, types);
  return types;
}

function ownTypes(schema: Schema, root: unknown, typesIn: (part: unknown) => Types): Types {
  const { type, enum: values, const: value, anyOf, oneOf, allOf, $ref } = schema;
  let types = all;
  const named = typeof type === 'string' ? [type] : Array.isArray(type) ? (type as string[]) : undefined;
  if (named) types = new Set(named.includes('number') ? [...named, 'integer'] : named);
  if (Array.isArray(values)) types = shared(types, new Set(values.map(typeOf)));
  if (value !== undefined) types = shared(types, new Set([typeOf(value)]));
  for (const parts of [anyOf, oneOf]) if (Array.isArray(parts)) types = shared(types, unionOf(parts.map(typesIn)));
  if (Array.isArray(allOf)) for (const part of allOf) types = shared(types, typesIn(part));
  if (typeof $ref === 'string') types = shared(types, typesIn(referred($ref, root)));
  return types;
}

/** What a reference inside the schema points to; undefined for others. */
export function referred(ref: string, root: unknown): unknown {
  if (!ref.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const step of unescaped(ref.slice(1)).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** The text of a part of an address; what is none stays as it is. */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The names of a schema's properties, in its order. */
export function propertiesOf(schema: unknown): readonly string[] {
  const whole = resolvedRoot(schema);
  return isSchema(whole) && isSchema(whole.properties) ? Object.keys(whole.properties) : [];
}

/** A schema that refers to one of its own parts is that part. */
function resolvedRoot(schema: unknown): unknown {
  let found = schema;
  for (let n = 0; n < MAX_DEPTH && isSchema(found) && typeof found.$ref === 'string'; n++)
    found = referred(found.$ref, schema);
  return found;
}

/** The schema of a member of what a schema allows; undefined where it is not said. */
export const memberOf = (schema: unknown, name: string, root: unknown): unknown =>
  partOf(schema, root, ({ properties, additionalProperties }) =>
    isSchema(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties,
  );

/** The schema of the items of the lists that a schema allows. */
export const itemsOf = (schema: unknown, root: unknown): unknown => partOf(schema, root, ({ items }) => items);

/** What the first of a schema's alternatives says that says something. */
function partOf(schema: unknown, root: unknown, said: (schema: Schema) => unknown, depth = 0): unknown {
  if (!isSchema(schema) || depth > MAX_DEPTH) return undefined;
  const own = said(schema);
  if (isSchema(own)) return own;
  const { $ref, anyOf, oneOf, allOf } = schema;
  const others = [anyOf, oneOf, allOf].flatMap((parts) => (Array.isArray(parts) ? (parts as unknown[]) : []));
  for (const other of typeof $ref === 'string' ? [referred($ref, root), ...others] : others) {
    const found = partOf(other, root, said, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The types that a property may have. */
export function propertyTypes(schema: unknown, name: string): Types {
  const whole = resolvedRoot(schema);
  if (!isSchema(whole)) return all;
  const { properties, additionalProperties } = whole;
  if (isSchema(properties) && Object.hasOwn(properties, name)) return typesOf(properties[name], schema);
  return typesOf(additionalProperties, schema);
}

/** Nothing but a text may stand there. */
export const isText = (types: Types): boolean => types.size === 1 && types.has('string');

/** The JSON text of a value that a model wrote without quotes, by the types that it may have: what can be something else than a text is that. */
export function jsonOf(text: string, types: Types): string {
  if (isText(types)) return JSON.stringify(text);
  const words = text.trim();
  const value = parsed(words) ?? literalData(words);
  if (value === undefined || typeof value === 'string')
    return JSON.stringify(types.has('string') ? text : (value ?? words));
  return types.has(typeOf(value)) || !types.has('string') ? JSON.stringify(value) : JSON.stringify(text);
}
