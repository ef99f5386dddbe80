import { parsed } from './json_text.ts';
import { literalData } from './literals.ts';

/** The types of JSON, with whole numbers apart. */
type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';
type Types = ReadonlySet<string>;

const all: Types = new Set<JsonType>(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']);
const MAX_DEPTH = 20;

type Schema = Readonly<Record<string, unknown>>;
const isSchema = (data: unknown): data is Schema => typeof data === 'object' && data !== null && !Array.isArray(data);

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'object' : (typeof value as 'string' | 'boolean');
}

const unionOf = (sets: readonly Types[]): Types => new Set(sets.flatMap((set) => [...set]));
const shared = (a: Types, b: Types): Types => new Set([...a].filter((type) => b.has(type)));

/** The types of the values that a schema allows, as far as it says so. `root`: where its references begin. */
export function typesOf(schema: unknown, root: unknown, depth = 0): Types {
  if (!isSchema(schema) || depth > MAX_DEPTH) return all;
  const { type, enum: values, const: value, anyOf, oneOf, allOf, $ref } = schema;
  const typesIn = (part: unknown) => typesOf(part, root, depth + 1);
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
function referred(ref: string, root: unknown): unknown {
  if (!ref.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const step of ref.slice(1).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** The names of a schema's properties, in its order. */
export const propertiesOf = (schema: unknown): readonly string[] =>
  isSchema(schema) && isSchema(schema.properties) ? Object.keys(schema.properties) : [];

/** The types that a property may have. */
export function propertyTypes(schema: unknown, name: string): Types {
  if (!isSchema(schema)) return all;
  const { properties, additionalProperties, $ref } = schema;
  if (isSchema(properties) && Object.hasOwn(properties, name)) return typesOf(properties[name], schema);
  if (typeof $ref === 'string') {
    const target = referred($ref, schema);
    return isSchema(target) && isSchema(target.properties) ? typesOf(target.properties[name], schema) : all;
  }
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
