/** What the keywords of objects mean. */
import { both, not, type Regular } from '../regular.ts';
import { isList, isObject } from './json.ts';
import { checkLimit } from './limits.ts';
import { bothObjects, topObject } from './objects.ts';
import { patternTexts } from './patterns.ts';
import { countOf, keysOf, texts, textsOf, type ObjectPlace } from './read.ts';
import type { Context, Keys, ObjectShape, Property, Shape, Values } from './sets.ts';
import { pairs } from './shapes.ts';
import { allContents, contentsOf, isNothing, matches } from './texts.ts';
import { any, bothValues, none } from './values.ts';

type Under = (...keys: (string | number)[]) => Values;

export function objectShapes(context: Context, place: ObjectPlace, under: Under): Pick<Shape, 'objects' | 'strict'> {
  let shapes: readonly ObjectShape[] = [ownShape(context, place, under)];
  let strict: string | undefined;
  const hold = (to: readonly ObjectShape[]): void => void (shapes = pairs(context, shapes, to, bothObjects));
  if ('propertyNames' in place.schema) {
    const names = context.shapeOf(under('propertyNames'));
    hold([namesShape(names)]);
    strict = names.strict;
  }
  for (const keyword of ['dependentRequired', 'dependentSchemas', 'dependencies']) {
    for (const name of keysOf(place, keyword)) {
      const found = dependents(context, place, { keyword, name }, under);
      hold(found.objects);
      strict ??= found.strict;
    }
  }
  return { objects: shapes, strict };
}

function ownShape(context: Context, place: ObjectPlace, under: Under): ObjectShape {
  const { schema } = place;
  const patterns = keysOf(place, 'patternProperties').map((source) => ({
    contents: patternTexts(source, place, 'patternProperties'),
    values: under('patternProperties', source),
  }));
  const additional = 'additionalProperties' in schema ? under('additionalProperties') : any;
  const properties = keysOf(place, 'properties');
  const required = new Set('required' in schema ? textsOf(place, 'required') : []);
  const named = new Map<string, Property>();
  for (const name of new Set([...properties, ...required])) {
    const held = patterns.filter(({ contents }) => matches(contents, contentsOf(name))).map(({ values }) => values);
    if (isObject(schema['properties']) && name in schema['properties']) held.unshift(under('properties', name));
    named.set(name, {
      isRequired: required.has(name),
      values: held.length === 0 ? additional : bothValues(context, held),
    });
  }
  return {
    named,
    others: classes(context, patterns, additional),
    min: countOf(place, 'minProperties') ?? 0,
    max: countOf(place, 'maxProperties') ?? Infinity,
    some: [],
  };
}

interface Pattern {
  readonly contents: Regular;
  readonly values: Values;
}

/** Tells keys apart by which of the patterns they match. */
function classes(context: Context, patterns: readonly Pattern[], additional: Values): readonly Keys[] {
  if (patterns.length === 0)
    return additional.kind === 'any' ? topObject.others : [{ keys: allContents, values: additional }];
  let matched: Keys[] = [];
  let unmatched: Regular = allContents;
  for (const { contents, values } of patterns) {
    const split = matched.flatMap((one): Keys[] => [
      { keys: both([one.keys, contents]), values: bothValues(context, [one.values, values]) },
      { keys: both([one.keys, not(contents)]), values: one.values },
    ]);
    matched = [...split, { keys: both([unmatched, contents]), values }].filter(({ keys }) => !isNothing(keys, context));
    unmatched = both([unmatched, not(contents)]);
    checkLimit('patterns', matched.length, context.where);
  }
  const rest = additional === none || isNothing(unmatched, context) ? [] : [{ keys: unmatched, values: additional }];
  return [...matched.filter(({ values }) => values !== none), ...rest];
}

function namesShape({ strings }: Shape): ObjectShape {
  return { ...topObject, others: [{ keys: both([allContents, strings]), values: any }] };
}

/** Objects without the property, and those with it and what it asks for. */
function dependents(
  context: Context,
  place: ObjectPlace,
  { keyword, name }: { keyword: string; name: string },
  under: Under,
): Pick<Shape, 'objects' | 'strict'> {
  const asked = (place.schema[keyword] as Record<string, never>)[name]!;
  const without: ObjectShape = { ...topObject, named: new Map([[name, { isRequired: false, values: none }]]) };
  const required = (names: readonly string[]): ObjectShape => ({
    ...topObject,
    named: new Map(names.map((name) => [name, { isRequired: true, values: any }])),
  });
  if (keyword === 'dependentRequired' || isList(asked))
    return { objects: [without, required([name, ...texts(place, keyword, asked)])], strict: undefined };
  const { objects, strict } = context.shapeOf(under(keyword, name));
  return { objects: [without, ...pairs(context, [required([name])], objects, bothObjects)], strict };
}
