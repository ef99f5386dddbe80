/** What stands under a keyword. */
export type Holds = 'schema' | 'list' | 'schema or list' | 'map' | 'map of schemas or lists';

/** Keywords that hold schemas: where `$id` and anchors are looked for. */
export const holders: Readonly<Record<string, Holds>> = {
  $defs: 'map',
  definitions: 'map',
  properties: 'map',
  patternProperties: 'map',
  dependentSchemas: 'map',
  dependencies: 'map of schemas or lists',
  additionalProperties: 'schema',
  unevaluatedProperties: 'schema',
  propertyNames: 'schema',
  items: 'schema or list',
  prefixItems: 'list',
  additionalItems: 'schema',
  unevaluatedItems: 'schema',
  contains: 'schema',
  allOf: 'list',
  anyOf: 'list',
  oneOf: 'list',
  not: 'schema',
  if: 'schema',
  then: 'schema',
  else: 'schema',
  contentSchema: 'schema',
};

/** Keywords that say which values there are. Any other is an annotation, as the specification has it, and changes nothing. */
export const asserting: ReadonlySet<string> = new Set([
  ...['$ref', '$dynamicRef', '$recursiveRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'type', 'enum', 'const'],
  ...['multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'pattern'],
  ...[
    'format',
    'properties',
    'patternProperties',
    'additionalProperties',
    'propertyNames',
    'required',
    'minProperties',
  ],
  ...['maxProperties', 'dependentRequired', 'dependentSchemas', 'dependencies', 'unevaluatedProperties', 'items'],
  ...[
    'prefixItems',
    'additionalItems',
    'contains',
    'minContains',
    'maxContains',
    'minItems',
    'maxItems',
    'uniqueItems',
  ],
  ...['unevaluatedItems', 'contentEncoding'],
]);

/** How drafts differ in what the same keywords mean. */
export interface Dialect {
  /** The keyword that names a schema. */
  readonly id: '$id' | 'id';
  /** `$ref` stands alone: keywords beside it say nothing. */
  readonly isRefAlone: boolean;
}

const old: Dialect = { id: '$id', isRefAlone: true };

export const newest: Dialect = { id: '$id', isRefAlone: false };

/** By `$schema`, without its scheme and an empty fragment. */
export const dialects: Readonly<Record<string, Dialect>> = {
  'json-schema.org/draft-04/schema': { id: 'id', isRefAlone: true },
  'json-schema.org/draft-06/schema': old,
  'json-schema.org/draft-07/schema': old,
  'json-schema.org/draft/2019-09/schema': newest,
  'json-schema.org/draft/2020-12/schema': newest,
  'json-schema.org/schema': newest,
};
