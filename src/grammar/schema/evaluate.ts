/** What a schema means: its keywords, each as a set of values, and all of them at once. */
import { UnsupportedError } from '../../base/errors.ts';
import { arrayShapes } from './array_keywords.ts';
import { documentOf, inside, target, type Place } from './document.ts';
import { isObject, type Json } from './json.ts';
import { asserting } from './keywords.ts';
import { at, countWork } from './limits.ts';
import { objectShapes } from './object_keywords.ts';
import { hasKeywords, listOf, type ObjectPlace } from './read.ts';
import { scalarShape, valueShape } from './scalar_keywords.ts';
import type { Context, Scope, Shape, Values, Way } from './sets.ts';
import { bothShapes, bottom, eitherShapes, isEmptyShape, otherShape, top } from './shapes.ts';
import { blankWay, waysOfPlace } from './unevaluated.ts';
import { any, none, placeValues } from './values.ts';

/** The schema leads back to itself without any value between. */
class Endless extends RangeError {}

/** How deep values inside values are looked at to prove that there are none. */
const PROOF_DEPTH = 6;

export function contextOf(schema: Json): { context: Context; start: Values } {
  const shapes = new Map<Values, Shape | undefined>();
  const empty = new Set<Values>();
  const unproved = new Map<Values, number>(); // how deep the proof was looked for
  let proofDepth = 0;
  const shapeOf = (values: Values): Shape => {
    if (shapes.has(values)) {
      const known = shapes.get(values);
      if (known) return known;
      throw new Endless(`${at(context.where)} of the schema refers to itself without end`);
    }
    shapes.set(values, undefined);
    try {
      const shape = evaluate(context, values);
      shapes.set(values, shape);
      return shape;
    } finally {
      if (!shapes.get(values)) shapes.delete(values);
    }
  };
  const isEmpty = (values: Values): boolean => {
    if (values.kind === 'none' || values.kind === 'any') return values.kind === 'none';
    if (empty.has(values)) return true;
    if (PROOF_DEPTH - proofDepth <= (unproved.get(values) ?? 0)) return false;
    countWork(context);
    proofDepth++;
    const where = context.where;
    try {
      const is = isEmptyShape(context, shapeOf(values));
      if (is) empty.add(values);
      else unproved.set(values, PROOF_DEPTH - proofDepth + 1);
      return is;
    } catch (error) {
      if (error instanceof Endless) return false; // not known yet
      throw error;
    } finally {
      proofDepth--;
      context.where = where;
    }
  };
  const context: Context = {
    document: documentOf(schema),
    known: new Map(),
    ways: new Map(),
    work: 0,
    nStates: 0,
    where: '',
    shapeOf,
    isEmpty,
  };
  return { context, start: valuesAt(context, context.document.root, outermost) };
}

const outermost: Scope = { key: '', anchors: new Map() };

/** The values of the schema at a place. References are followed, so that all who refer to a place share what it means. */
export function valuesAt(context: Context, place: Place, scope: Scope): Values {
  let [here, around] = [place, entering(place, scope)];
  for (const seen = new Set<Place>(); ;) {
    if (here.schema === true) return any;
    if (here.schema === false) return none;
    if (!hasKeywords(here))
      throw new TypeError(
        `${at(here.pointer)} of the schema is ${JSON.stringify(here.schema)?.slice(0, 80)}, expected a schema: an object, true or false`,
      );
    const keywords = Object.keys(here.schema).filter((key) => asserting.has(key));
    if (keywords.length === 0) return any;
    const isAlone = '$ref' in here.schema && (keywords.length === 1 || here.resource.dialect.isRefAlone);
    if (!isAlone) return placeValues(context, here, around);
    if (seen.has(here)) throw new RangeError(`${at(here.pointer)} of the schema: $ref refers to itself without end`);
    seen.add(here);
    here = target(context.document, here, '$ref');
    around = entering(here, around);
  }
}

/** The scope inside a place: its resource's dynamic anchors count where no outer resource has them. */
function entering(place: Place, scope: Scope): Scope {
  const added = [...place.resource.dynamicAnchors].filter(([name]) => !scope.anchors.has(name));
  if (added.length === 0) return scope;
  const anchors = new Map([...scope.anchors, ...added]);
  return { anchors, key: [...anchors].map(([name, { pointer }]) => `${name}=${pointer}`).sort().join(' ') }; // prettier-ignore
}

function evaluate(context: Context, values: Values): Shape {
  switch (values.kind) {
    case 'any':
      return top;
    case 'none':
      return bottom;
    case 'only':
      return valueShape(context, values.value);
    case 'both':
      return values.parts.map(context.shapeOf).reduce((a, b) => bothShapes(context, a, b));
    case 'either':
      return eitherShapes(context, values.parts.map(context.shapeOf));
    case 'not':
      return otherShape(context, context.shapeOf(values.part));
    case 'place':
      return placeShape(context, values.place as ObjectPlace, values.scope);
  }
}

type Under = (...keys: (string | number)[]) => Values;

/** What the keywords mean that hold no other schema for the same value. */
function ownShape(context: Context, place: ObjectPlace, under: Under): Shape {
  let shape = scalarShape(context, place);
  if (shape.arrays.length > 0) shape = bothShapes(context, shape, { ...top, arrays: arrayShapes(place, under) });
  if (shape.objects.length > 0) shape = bothShapes(context, shape, { ...top, ...objectShapes(context, place, under) });
  return shape;
}

function referencesOf(context: Context, place: ObjectPlace, scope: Scope): Values[] {
  const found: Values[] = [];
  if ('$ref' in place.schema) found.push(valuesAt(context, target(context.document, place, '$ref'), scope));
  if ('$dynamicRef' in place.schema) found.push(valuesAt(context, dynamicTarget(context, place, scope), scope));
  return found;
}

function placeShape(context: Context, place: ObjectPlace, scope: Scope): Shape {
  context.where = place.pointer;
  countWork(context);
  refuse(place);
  const under: Under = (...keys) => valuesAt(context, inside(context.document, place, ...keys), scope);
  let shape = ownShape(context, place, under);
  if ('unevaluatedProperties' in place.schema || 'unevaluatedItems' in place.schema) {
    return eitherShapes(context, [
      bottom,
      ...waysOf(context, placeValues(context, place, scope)).map((way) => way.shape),
    ]);
  }
  const hold = (to: Shape): void => void (shape = bothShapes(context, shape, to));
  for (const values of referencesOf(context, place, scope)) hold(context.shapeOf(values));
  if ('allOf' in place.schema) listOf(place, 'allOf').forEach((_, i) => hold(context.shapeOf(under('allOf', i))));
  const parts = (keyword: string): Shape[] =>
    listOf(place, keyword).map((_, i) => bothShapes(context, shape, context.shapeOf(under(keyword, i))));
  if ('anyOf' in place.schema) shape = eitherShapes(context, parts('anyOf'));
  if ('oneOf' in place.schema) shape = onlyOne(context, parts('oneOf'));
  if ('not' in place.schema) hold(otherShape(context, context.shapeOf(under('not'))));
  if ('if' in place.schema) shape = conditional(context, place, shape, under);
  context.where = place.pointer;
  return shape;
}

function conditional(context: Context, { schema }: ObjectPlace, shape: Shape, under: (key: string) => Values): Shape {
  if (!('then' in schema) && !('else' in schema)) return shape;
  const then = 'then' in schema ? context.shapeOf(under('then')) : top;
  const otherwise = 'else' in schema ? context.shapeOf(under('else')) : top;
  const condition = context.shapeOf(under('if'));
  return eitherShapes(context, [
    bothShapes(context, bothShapes(context, shape, condition), then),
    bothShapes(context, bothShapes(context, shape, otherShape(context, condition)), otherwise),
  ]);
}

/** Values of exactly one of the shapes. */
function onlyOne(context: Context, shapes: readonly Shape[]): Shape {
  const alone = shapes.map((shape, i) => {
    let rest = shape;
    shapes.forEach((other, j) => {
      if (i === j || isEmptyShape(context, bothShapes(context, shape, other))) return;
      rest = bothShapes(context, rest, otherShape(context, other));
    });
    return rest;
  });
  return eitherShapes(context, alone);
}

function dynamicTarget(context: Context, place: ObjectPlace, scope: Scope): Place {
  const found = target(context.document, place, '$dynamicRef');
  const name = isObject(found.schema) ? found.schema['$dynamicAnchor'] : undefined;
  const reference = place.schema['$dynamicRef'] as string;
  const isDynamic = typeof name === 'string' && reference.endsWith(`#${name}`);
  return (isDynamic && scope.anchors.get(name)) || found;
}

/** Ways to be valid, with what each evaluates; `before` are those that this one is inside of. */
function waysOf(context: Context, values: Values, before: ReadonlySet<Values> = new Set()): readonly Way[] {
  if (values.kind !== 'place') return values.kind === 'none' ? [] : [{ ...blankWay, shape: context.shapeOf(values) }];
  if (before.has(values)) throw new Endless(`${at(values.place.pointer)} of the schema refers to itself without end`);
  const known = context.ways.get(values);
  if (known) return known;
  countWork(context);
  const inner = new Set([...before, values]);
  const place = values.place as ObjectPlace;
  const under: Under = (...keys) => valuesAt(context, inside(context.document, place, ...keys), values.scope);
  const own = ownShape(context, place, under);
  const references = referencesOf(context, place, values.scope);
  const waysInside = (values: Values): readonly Way[] => waysOf(context, values, inner);
  const ways = waysOfPlace(context, place, { own, under, references, waysOf: waysInside });
  context.ways.set(values, ways);
  return ways;
}

/** Keywords that are known and not enforced. */
function refuse(place: ObjectPlace): void {
  if (!('$recursiveRef' in place.schema)) return;
  throw new UnsupportedError(
    `${at(place.pointer)} of the schema: $recursiveRef is not supported; write $dynamicRef, as in 2020-12`,
  );
}
