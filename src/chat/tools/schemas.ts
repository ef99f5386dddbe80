/** What grammars of calls need to know of the schema of a tool's arguments. */
import { cannot } from './pieces.ts';
import { typesOf } from './schema_types.ts';
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
  '$schema $id $defs definitions $comment title description default examples deprecated readOnly writeOnly format'.split(
    ' ',
  ),
);

/** Whether a schema allows any value. */
export const saysNothing = (schema: Schema): boolean => Object.keys(schema).every((keyword) => silent.has(keyword));

/** The parts of a schema of arguments, where each argument is written by itself. */
export interface Members {
  readonly required: ReadonlySet<string>;
  /** The schema of each, which knows the definitions that it may refer to. */
  readonly properties: readonly (readonly [name: string, schema: Schema])[];
  /** Others may come. */
  readonly isOpen: boolean;
}

/** @throws UnsupportedError for keywords that nobody would enforce */
export function membersOf(schema: Schema, where: string, format: string): Members {
  const whole = resolved(schema, schema, where, format);
  checkKeywords(whole, ['type', 'properties', 'required', 'additionalProperties'], where, format);
  const { properties = {}, required, additionalProperties } = whole;
  const names = Array.isArray(required) ? (required as string[]) : [];
  const all: Record<string, unknown> = {
    ...Object.fromEntries(names.map((name) => [name, {}])),
    ...(isSchema(properties) ? properties : {}),
  };
  return {
    required: new Set(names),
    properties: Object.entries(all).map(([name, each]) => [name, withDefinitions(each, schema)]),
    isOpen: Object.keys(all).length === 0 && additionalProperties !== false,
  };
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
    if (!silent.has(keyword) && !known.includes(keyword)) throw cannot(where, keyword, format);
}

/** A schema, or what it refers to. */
export function resolved(schema: Schema, root: Schema, where: string, format: string): Schema {
  let found = schema;
  for (let n = 0; typeof found.$ref === 'string'; n++) {
    const name = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(found.$ref);
    const group = name && root[name[1]!];
    const target = isSchema(group)
      ? group[decodeURIComponent(name![2]!).replaceAll('~1', '/').replaceAll('~0', '~')]
      : undefined;
    if (!isSchema(target) || n > 20) throw cannot(where, `$ref ${found.$ref}`, format);
    found = withDefinitions(target, root);
  }
  return found;
}

/** @throws UnsupportedError where a value could be of two of these schemas */
export function checkApart(parts: readonly unknown[], root: Schema, where: string, format: string): void {
  const types = parts.map((part) => typesOf(part, root));
  const overlap = types.some((a, i) => types.slice(i + 1).some((b) => [...a].some((type) => b.has(type))));
  if (overlap) throw cannot(where, 'oneOf of values of one type', format);
}

/** What a schema says of texts, and what it says of all else; undefined where there are none. */
export interface Split {
  readonly texts: readonly Schema[];
  readonly other: Schema | undefined;
}

/** @throws UnsupportedError where both cannot be told apart */
export function splitOf(given: Schema, root: Schema, where: string, format: string): Split {
  const schema = resolved(given, root, where, format);
  const parts = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(parts)) {
    checkKeywords(schema, ['anyOf', 'oneOf'], where, format);
    if (schema.oneOf !== undefined) checkApart(parts, root, where, format);
    const each = parts.map((part) => splitOf(withDefinitions(part, root), root, where, format));
    const others = each.flatMap(({ other }) => (other ? [other] : []));
    return { texts: each.flatMap(({ texts }) => texts), other: others.length > 0 ? withDefinitions({ anyOf: others }, root) : undefined }; // prettier-ignore
  }
  const values = schema.const !== undefined ? [schema.const] : (schema.enum as unknown[] | undefined);
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type as string[] | undefined);
  const isTextual = (types ?? ['string']).includes('string');
  const isOther = types === undefined || types.some((type) => type !== 'string');
  if (values) {
    const { const: _, ...rest } = schema;
    const texts = isTextual ? values.filter((value) => typeof value === 'string') : [];
    const others = isOther ? values.filter((value) => typeof value !== 'string') : [];
    return {
      texts: texts.length > 0 ? [{ type: 'string', enum: texts }] : [],
      other: others.length > 0 ? { ...rest, enum: others } : undefined,
    };
  }
  const { type: _, ...rest } = schema;
  const otherTypes = types?.filter((type) => type !== 'string') ?? ['number', 'boolean', 'null', 'object', 'array'];
  return {
    texts: isTextual ? [{ ...rest, type: 'string' }] : [],
    other: isOther ? { ...rest, type: otherTypes } : undefined,
  };
}
