/** What grammars of calls need to know of the schema of a tool's arguments. */
import { formatTexts } from '../../grammar/schema/formats.ts';
import { cannot } from './pieces.ts';
import { referred, typeOf, typesOf, type KnownTypes } from './schema_types.ts';
import type { Tool } from './tool.ts';

export type Schema = Readonly<Record<string, unknown>>;

export const isSchema = (data: unknown): data is Schema =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

/** The schema of a tool's arguments, which are an object in any case. */
export function argumentsSchema({ schema, isStrict }: Tool): Schema {
  if (!isStrict || !isSchema(schema)) return { type: 'object' };
  return schema.type === undefined ? { ...schema, type: 'object' } : schema;
}

/** Keywords that say nothing about which values there may be. */
const silent = new Set(
  '$schema $id $defs definitions $comment title description default examples deprecated readOnly writeOnly'.split(' '),
);

/** Formats that nobody knows only describe. */
const isSilent = (keyword: string, schema: Schema): boolean =>
  silent.has(keyword) || (keyword === 'format' && formatTexts(String(schema.format)) === undefined);

/** Whether a schema allows any value. */
export const saysNothing = (schema: Schema): boolean =>
  Object.keys(schema).every((keyword) => isSilent(keyword, schema));

/** The parts of a schema of arguments, where each argument is written by itself. */
export interface Members {
  readonly required: ReadonlySet<string>;
  /** The schema of each, which knows the definitions that it may refer to. */
  readonly properties: readonly (readonly [name: string, schema: Schema])[];
  /** The schema of all others, where none is named and some may come. */
  readonly others: Schema | undefined;
}

/** @throws UnsupportedError for keywords that nobody would enforce */
export function membersOf(schema: Schema, where: string, format: string): Members {
  const whole = resolved(schema.$ref === undefined ? schema : untyped(schema), schema, where, format);
  checkKeywords(whole, ['type', 'properties', 'required', 'additionalProperties'], where, format);
  const { properties = {}, required, additionalProperties = true, type = 'object' } = whole;
  if (![type].flat().includes('object')) throw cannot(where, `type ${JSON.stringify(type)}`, format);
  const names = Array.isArray(required) ? (required as string[]) : [];
  const all = new Map<string, unknown>(names.map((name) => [name, additionalProperties]));
  for (const [name, each] of Object.entries(isSchema(properties) ? properties : {})) all.set(name, each);
  const isOpen = all.size === 0 && additionalProperties !== false;
  return {
    required: new Set(names),
    properties: [...all].map(([name, each]) => [name, withDefinitions(each, schema)]),
    others: isOpen ? withDefinitions(additionalProperties, schema) : undefined,
  };
}

/** Arguments are an object in any case: that may stand beside a reference. */
function untyped({ type: _, ...rest }: Schema): Schema {
  return rest;
}

/** A part of a schema by itself. */
export function withDefinitions(part: unknown, root: Schema): Schema {
  const { $defs, definitions } = root;
  const own = isSchema(part) ? part : part === false ? { not: {} } : {};
  return { ...own, ...($defs !== undefined && { $defs }), ...(definitions !== undefined && { definitions }) };
}

/** @throws UnsupportedError where a schema has other keywords than these and those that only describe */
export function checkKeywords(schema: Schema, known: readonly string[], where: string, format: string): void {
  for (const keyword of Object.keys(schema))
    if (!isSilent(keyword, schema) && !known.includes(keyword)) throw cannot(where, keyword, format);
}

/** A schema, or what it refers to. @throws UnsupportedError where something else stands beside the reference */
export function resolved(schema: Schema, root: Schema, where: string, format: string): Schema {
  let found = schema;
  for (let n = 0; typeof found.$ref === 'string'; n++) {
    checkKeywords(found, ['$ref'], where, format);
    const target = /^#\/(\$defs|definitions)\/[^/]+$/.test(found.$ref) ? referred(found.$ref, root) : undefined;
    if (!isSchema(target) || n > 20) throw cannot(where, `$ref ${found.$ref}`, format);
    found = withDefinitions(target, root);
  }
  return found;
}

/** @throws UnsupportedError where a value could be of two of these schemas */
export function checkApart(parts: readonly unknown[], root: Schema, where: string, format: string): void {
  const known: KnownTypes = new Map();
  const before = new Set<string>();
  for (const part of parts)
    for (const type of typesOf(part, root, known)) {
      if (before.has(type)) throw cannot(where, 'oneOf of values of one type', format);
      before.add(type);
    }
}

/** The parts one of which a value is of; undefined where a schema has none. @throws UnsupportedError for what else it says */
export function alternatives(schema: Schema, root: Schema, where: string, format: string): unknown[] | undefined {
  const keyword = schema.anyOf === undefined ? 'oneOf' : 'anyOf';
  const parts = schema[keyword];
  if (!Array.isArray(parts)) return undefined;
  checkKeywords(schema, [keyword], where, format);
  if (keyword === 'oneOf') checkApart(parts, root, where, format);
  return parts;
}

/** The values that a schema lists, those of its type; undefined where it lists none. @throws UnsupportedError for what else it says */
export function listedValues(schema: Schema, where: string, format: string): unknown[] | undefined {
  const { type, const: only, enum: several } = schema;
  const values = only === undefined ? several : [only];
  if (!Array.isArray(values)) return undefined;
  checkKeywords(schema, ['type', only === undefined ? 'enum' : 'const'], where, format);
  const types = typesOf({ type }, {});
  const found = (values as unknown[]).filter((value) => types.has(typeOf(value)));
  if (found.length === 0) throw cannot(where, 'no value of its type', format);
  return found;
}

/** What a schema says of texts, and what it says of all else; undefined where there are none. */
export interface Split {
  readonly texts: readonly Schema[];
  readonly other: Schema | undefined;
}

/** So many parts may be alternatives of each other: parts that refer to the same ones, several levels deep, multiply. */
const MOST_PARTS = 500;

/** @throws UnsupportedError where both cannot be told apart */
export function splitOf(given: Schema, root: Schema, where: string, format: string, work = { nParts: 0 }): Split {
  if (++work.nParts > MOST_PARTS) throw cannot(where, `more than ${MOST_PARTS} alternatives`, format);
  const schema = resolved(given, root, where, format);
  const parts = alternatives(schema, root, where, format);
  if (parts) {
    const each = parts.map((part) => splitOf(withDefinitions(part, root), root, where, format, work));
    const others = each.flatMap(({ other }) => (other ? [other] : []));
    return { texts: each.flatMap(({ texts }) => texts), other: others.length > 0 ? withDefinitions({ anyOf: others }, root) : undefined }; // prettier-ignore
  }
  const values = listedValues(schema, where, format);
  if (values) {
    const others = values.filter((value) => typeof value !== 'string');
    return {
      texts: values.length > others.length ? [{ enum: values.filter((value) => typeof value === 'string') }] : [],
      other: others.length > 0 ? { enum: others } : undefined,
    };
  }
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type as string[] | undefined);
  const isTextual = (types ?? ['string']).includes('string');
  const isOther = types === undefined || types.some((type) => type !== 'string');
  const { type: _, ...rest } = schema;
  const otherTypes = types?.filter((type) => type !== 'string') ?? ['number', 'boolean', 'null', 'object', 'array'];
  return {
    texts: isTextual ? [{ ...rest, type: 'string' }] : [],
    other: isOther ? { ...rest, type: otherTypes } : undefined,
  };
}
