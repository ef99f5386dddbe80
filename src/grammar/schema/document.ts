/** A schema as a place to look around in: which `$id`, `$anchor` and pointer means which part of it. */
import { UnsupportedError } from '../../base/errors.ts';
import { isList, isObject, step, type Json, type JsonObject } from './json.ts';
import { dialects, holders, newest, type Dialect } from './keywords.ts';
import { at } from './limits.ts';

/** A part of the whole schema. Two of the same pointer are the same object. */
export interface Place {
  readonly pointer: string;
  readonly schema: Json;
  readonly resource: Resource;
}

/** What one `$id` names. */
export interface Resource {
  readonly uri: string;
  readonly dialect: Dialect;
  readonly root: Place;
  readonly anchors: Map<string, Place>;
  readonly dynamicAnchors: Map<string, Place>;
}

export interface SchemaDocument {
  readonly root: Place;
  readonly places: Map<string, Place>;
  readonly resources: Map<string, Resource>;
}

/** What relative references of a schema without `$id` are relative to. */
const BASE = 'thimble://schema/';

export function documentOf(schema: Json): SchemaDocument {
  const places = new Map<string, Place>();
  const resources = new Map<string, Resource>();
  const resource = newResource({ schema, pointer: '', uri: BASE, dialect: newest });
  const document = { root: resource.root, places, resources };
  resources.set(BASE, resource);
  index(document, resource.root);
  return { ...document, root: placeAt(document, '')! };
}

interface NewResource {
  readonly schema: Json;
  readonly pointer: string;
  readonly uri: string;
  readonly dialect: Dialect;
}

function newResource({ schema, pointer, uri, dialect }: NewResource): Resource {
  const resource = { uri, dialect, anchors: new Map<string, Place>(), dynamicAnchors: new Map<string, Place>() };
  const root: { pointer: string; schema: Json; resource: Resource } = { pointer, schema, resource: undefined! };
  root.resource = { ...resource, root };
  return root.resource;
}

const placeAt = (document: SchemaDocument, pointer: string): Place | undefined => document.places.get(pointer);

/** Notes the place, what it is named, and all the schemas that it holds. */
function index(document: SchemaDocument, found: Place): void {
  const place = isObject(found.schema) ? named(document, found, found.schema) : found;
  document.places.set(place.pointer, place);
  if (!isObject(place.schema)) return;
  for (const [keyword, value] of Object.entries(place.schema)) {
    for (const [steps, schema] of schemasUnder(keyword, value)) {
      index(document, { pointer: place.pointer + step(keyword) + steps, schema, resource: place.resource });
    }
  }
}

function schemasUnder(keyword: string, value: Json): [string, Json][] {
  const holds = Object.hasOwn(holders, keyword) ? holders[keyword] : undefined;
  if (holds === undefined) return [];
  if (isList(value))
    return holds === 'list' || holds === 'schema or list' ? value.map((item, i) => [step(i), item]) : [];
  if (!holds.startsWith('map')) return holds === 'list' ? [] : [['', value]];
  return isObject(value) ? Object.entries(value).map(([key, inner]) => [step(key), inner]) : [];
}

/** The place with its own resource, where it has an `$id`. */
function named(document: SchemaDocument, place: Place, schema: JsonObject): Place {
  const isRoot = place.pointer === '';
  const dialect = dialectOf(schema, place) ?? place.resource.dialect;
  const id = schema[dialect.id];
  const isAnchor = dialect.isRefAlone && typeof id === 'string' && id.startsWith('#');
  const isNamed = typeof id === 'string' && !isAnchor && !(dialect.isRefAlone && '$ref' in schema && !isRoot);
  let here = place;
  if (isNamed || (isRoot && dialect !== place.resource.dialect)) {
    const uri = isNamed ? resolved(id, place).split('#')[0]! : place.resource.uri;
    const resource = newResource({ schema, pointer: place.pointer, uri, dialect });
    here = resource.root;
    if (!document.resources.has(uri) || isRoot) document.resources.set(uri, resource);
  }
  if (isAnchor) here.resource.anchors.set(id.slice(1), here);
  if (!dialect.isRefAlone) anchor(here, schema);
  return here;
}

function anchor(place: Place, { $anchor, $dynamicAnchor }: JsonObject): void {
  for (const name of [$anchor, $dynamicAnchor]) if (typeof name === 'string') place.resource.anchors.set(name, place);
  if (typeof $dynamicAnchor === 'string') place.resource.dynamicAnchors.set($dynamicAnchor, place);
}

function dialectOf({ $schema }: JsonObject, place: Place): Dialect | undefined {
  if ($schema === undefined) return undefined;
  const name = typeof $schema === 'string' ? $schema.replace(/^https?:\/\//, '').replace(/#$/, '') : '';
  if (Object.hasOwn(dialects, name)) return dialects[name];
  const known = Object.keys(dialects).join(', ');
  throw new UnsupportedError(
    `${at(place.pointer)} of the schema: $schema is ${JSON.stringify($schema)}, known are ${known}`,
  );
}

/** A reference as a whole URI. */
function resolved(reference: string, place: Place): string {
  try {
    return new URL(reference, place.resource.uri).href;
  } catch {
    throw new RangeError(`${at(place.pointer)} of the schema: ${JSON.stringify(reference)} is no reference`);
  }
}

/** The part under `key` of a place. */
export function inside(document: SchemaDocument, place: Place, ...keys: readonly (string | number)[]): Place {
  let here = place;
  for (const key of keys) {
    const pointer = here.pointer + step(key);
    const schema = (here.schema as Record<string | number, Json>)[key]!;
    const known = document.places.get(pointer);
    here = known ?? { pointer, schema, resource: here.resource };
    if (!known) document.places.set(pointer, here);
  }
  return here;
}

/** What `$ref` or its like means. */
export function target(document: SchemaDocument, place: Place, keyword: string): Place {
  const reference = (place.schema as JsonObject)[keyword];
  if (typeof reference !== 'string') {
    throw new TypeError(
      `${at(place.pointer)} of the schema: ${keyword} is ${JSON.stringify(reference)}, expected a string`,
    );
  }
  const [uri = '', fragment = ''] = resolved(reference, place).split('#');
  const resource = document.resources.get(uri) ?? document.resources.get(uri.replace(/\/$/, ''));
  const found = resource && (fragment === '' ? resource.root : byFragment(document, resource, decoded(fragment)));
  if (found) return found;
  const where = `${at(place.pointer)} of the schema: ${keyword} is ${JSON.stringify(reference)}`;
  if (resource) throw new RangeError(`${where}, and nothing is there`);
  throw new UnsupportedError(`${where}, which is no part of it; put what it means under $defs, with its $id`);
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

function byFragment(document: SchemaDocument, resource: Resource, fragment: string): Place | undefined {
  if (!fragment.startsWith('/')) return resource.anchors.get(fragment);
  let here: Place = document.places.get(resource.root.pointer) ?? resource.root;
  for (const key of fragment.slice(1).split('/')) {
    const plain = key.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isList(here.schema) ? !(Number(plain) in here.schema) : !isObject(here.schema) || !(plain in here.schema))
      return undefined;
    here = inside(document, here, plain);
  }
  return here;
}
