/** What the keywords of arrays mean. */
import { topArray } from './arrays.ts';
import { isList } from './json.ts';
import { step } from './json.ts';
import { countOf, flagOf, listOf, type ObjectPlace } from './read.ts';
import type { ArrayShape, Contains, Values } from './sets.ts';
import { any } from './values.ts';

type Under = (...keys: (string | number)[]) => Values;

export function arrayShapes(place: ObjectPlace, under: Under): readonly ArrayShape[] {
  const { schema } = place;
  const listed = 'prefixItems' in schema ? 'prefixItems' : isList(schema['items']) ? 'items' : undefined; // a list: before 2020-12
  const prefix = listed === undefined ? [] : listOf(place, listed).map((_, i) => under(listed, i));
  const others = listed === 'items' ? 'additionalItems' : 'items';
  const shape: ArrayShape = {
    prefix,
    rest: others in schema ? under(others) : any,
    min: countOf(place, 'minItems') ?? 0,
    max: countOf(place, 'maxItems') ?? Infinity,
    contains: containsOf(place, under),
    unique: flagOf(place, 'uniqueItems') ? place.pointer + step('uniqueItems') : undefined,
  };
  const is = ['items', 'prefixItems', 'minItems', 'maxItems', 'contains', 'uniqueItems'].some(
    (keyword) => keyword in schema,
  );
  return [is ? shape : topArray];
}

function containsOf(place: ObjectPlace, under: Under): Contains[] {
  if (!('contains' in place.schema)) return [];
  const min = countOf(place, 'minContains') ?? 1;
  const max = countOf(place, 'maxContains') ?? Infinity;
  return [{ values: under('contains'), from: 0, min, max }];
}
