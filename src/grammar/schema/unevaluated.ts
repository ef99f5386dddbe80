/**
 * `unevaluatedProperties` and `unevaluatedItems`: what they speak of depends on which other keywords apply to the value, so each way to be
 * valid is told apart here, with what it evaluates.
 */
import { both, either, not, nothing } from '../regular.ts';
import { isList } from './json.ts';
import { checkLimit } from './limits.ts';
import { keysNamed, topObject } from './objects.ts';
import { topArray } from './arrays.ts';
import { keysOf, listOf, type ObjectPlace } from './read.ts';
import type { Context, ObjectShape, Shape, Values, Way } from './sets.ts';
import { bothShapes, isEmptyShape, otherShape, top } from './shapes.ts';
import { allContents } from './texts.ts';
import { patternTexts } from './patterns.ts';
import { any, eitherValues, none } from './values.ts';

/** Ways of a place, from those of the schemas inside; `own` is what its other keywords mean. */
export interface Inside {
  readonly own: Shape;
  under(...keys: (string | number)[]): Values;
  waysOf(values: Values): readonly Way[];
  /** What `$ref` and its like mean. */
  readonly references: readonly Values[];
}

export const blankWay: Way = { shape: top, keys: nothing, nItems: 0, items: none };

/** An anyOf of more parts is held to its parts alone: ways that are valid in several are not told apart. */
const MOST_PARTS = 5;

export function waysOfPlace(context: Context, place: ObjectPlace, inside: Inside): readonly Way[] {
  const { schema } = place;
  const { under, waysOf } = inside;
  let ways: readonly Way[] = [ownWay(place, inside)];
  const hold = (to: readonly Way[]): void => void (ways = product(context, ways, to));
  for (const values of inside.references) hold(waysOf(values));
  const parts = (keyword: string): (readonly Way[])[] =>
    listOf(place, keyword).map((_, i) => waysOf(under(keyword, i)));
  if ('allOf' in schema) parts('allOf').forEach(hold);
  if ('anyOf' in schema) hold(anyWays(context, parts('anyOf'), `${place.pointer}/anyOf`));
  if ('oneOf' in schema) hold(oneWays(context, parts('oneOf'), (i) => context.shapeOf(under('oneOf', i))));
  if ('not' in schema) hold([{ ...blankWay, shape: otherShape(context, context.shapeOf(under('not'))) }]);
  if ('if' in schema) {
    const [then, otherwise] = ['then', 'else'].map((key) => (key in schema ? waysOf(under(key)) : [blankWay]));
    const unless = { ...blankWay, shape: otherShape(context, context.shapeOf(under('if'))) };
    hold([...product(context, waysOf(under('if')), then!), ...product(context, [unless], otherwise!)]);
  }
  for (const keyword of ['dependentSchemas', 'dependencies']) {
    for (const name of keysOf(place, keyword)) {
      if (isList((schema[keyword] as typeof schema)[name])) continue;
      const object = (shape: Partial<ObjectShape>): Way => ({
        ...blankWay,
        shape: { ...top, objects: [{ ...topObject, ...shape }] },
      });
      const absent = object({ named: new Map([[name, { isRequired: false, values: none }]]) });
      const present = object({ named: new Map([[name, { isRequired: true, values: any }]]) });
      hold([absent, ...product(context, [present], waysOf(under(keyword, name)))]);
    }
  }
  return ways.map((way) => closed(context, place, way, under));
}

/** What the place's own keywords evaluate. */
function ownWay(place: ObjectPlace, { own, under }: Inside): Way {
  const { schema } = place;
  const patterns = keysOf(place, 'patternProperties').map((source) => patternTexts(source, place, 'patternProperties'));
  const keys =
    'additionalProperties' in schema ? allContents : either([keysNamed(keysOf(place, 'properties')), ...patterns]);
  const listed = isList(schema['prefixItems'])
    ? schema['prefixItems']
    : isList(schema['items'])
      ? schema['items']
      : undefined;
  const hasRest = isList(schema['items']) ? 'additionalItems' in schema : 'items' in schema;
  const items = 'contains' in schema ? under('contains') : none;
  return { shape: own, keys, nItems: hasRest ? Infinity : (listed?.length ?? 0), items };
}

/** The way with the place's own `unevaluated…`, which evaluate all that is left. */
function closed(context: Context, { schema }: ObjectPlace, way: Way, under: Inside['under']): Way {
  let { shape, keys, nItems } = way;
  if ('unevaluatedProperties' in schema) {
    const rest = { keys: both([allContents, not(keys)]), values: under('unevaluatedProperties') };
    const others = [{ keys, values: any }, rest].filter((one) => one.keys !== nothing && one.values !== none);
    shape = bothShapes(context, shape, { ...top, objects: [{ ...topObject, others }] });
    keys = allContents;
  }
  if ('unevaluatedItems' in schema && nItems < Infinity) {
    const prefix = Array.from({ length: nItems }, () => any);
    const rest = eitherValues(context, [way.items, under('unevaluatedItems')]);
    shape = bothShapes(context, shape, { ...top, arrays: [{ ...topArray, prefix, rest }] });
    nItems = Infinity;
  }
  return { ...way, shape, keys, nItems };
}

function product(context: Context, a: readonly Way[], b: readonly Way[]): readonly Way[] {
  checkLimit('alternatives', a.length * b.length, context.where);
  const found = a.flatMap((left) => b.map((right) => joined(context, left, right)));
  return found.filter(({ shape }) => !isEmptyShape(context, shape));
}

const joined = (context: Context, a: Way, b: Way): Way => ({
  shape: bothShapes(context, a.shape, b.shape),
  keys: either([a.keys, b.keys]),
  nItems: Math.max(a.nItems, b.nItems),
  items: eitherValues(context, [a.items, b.items]),
});

/** Valid in some of the parts, whichever they are. */
function anyWays(context: Context, parts: readonly (readonly Way[])[], where: string): readonly Way[] {
  if (parts.length > MOST_PARTS) return parts.flat().map((way) => ({ ...way, shape: { ...way.shape, strict: where } }));
  return parts.reduce<readonly Way[]>((found, part) => [...found, ...part, ...product(context, found, part)], []);
}

function oneWays(
  context: Context,
  parts: readonly (readonly Way[])[],
  shapeAt: (index: number) => Shape,
): readonly Way[] {
  return parts.flatMap((part, i) =>
    parts.reduce<readonly Way[]>((ways, _, j) => {
      if (i === j) return ways;
      return product(context, ways, [{ ...blankWay, shape: otherShape(context, shapeAt(j)) }]);
    }, part),
  );
}
