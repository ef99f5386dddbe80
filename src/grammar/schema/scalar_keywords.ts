/** What `type`, `enum`, `const` and the keywords of numbers and strings mean. */
import { both, either, literal, repeat, type Regular } from '../regular.ts';
import { topArray } from './arrays.ts';
import { decimalOf } from './decimal.ts';
import { encodedTexts, formatTexts } from './formats.ts';
import { isList, isObject, step, type Json } from './json.ts';
import { at } from './limits.ts';
import { checkDivisor } from './multiples.ts';
import * as numbers from './numbers.ts';
import { topObject } from './objects.ts';
import { patternTexts } from './patterns.ts';
import { countOf, flagOf, listOf, numberOf, textOf, type ObjectPlace } from './read.ts';
import type { Context, Shape } from './sets.ts';
import { bothShapes, bottom, eitherShapes, top } from './shapes.ts';
import { anyChar, contentsOf } from './texts.ts';
import { none, onlyValue } from './values.ts';

/** The values of each type. */
const types: Readonly<Record<string, Shape>> = {
  null: { ...bottom, hasNull: true },
  boolean: { ...bottom, booleans: [false, true] },
  number: { ...bottom, numbers: numbers.allNumbers },
  integer: { ...bottom, numbers: numbers.allWholes },
  string: { ...bottom, strings: top.strings },
  array: { ...bottom, arrays: top.arrays },
  object: { ...bottom, objects: top.objects },
};

export function scalarShape(context: Context, place: ObjectPlace): Shape {
  const { schema } = place;
  let shape = 'type' in schema ? typeShape(context, place) : top;
  const hold = (to: Shape): void => void (shape = bothShapes(context, shape, to));
  if ('const' in schema) hold(valueShape(context, schema['const']!));
  if ('enum' in schema) hold(valuesShape(context, listOf(place, 'enum')));
  hold({ ...top, numbers: numberSet(place) });
  if (shape.strings !== bottom.strings) hold(stringShape(place));
  return shape;
}

function typeShape(context: Context, place: ObjectPlace): Shape {
  const type = place.schema['type']!;
  const names = isList(type) ? type : [type];
  const shapes = names.map((name) => {
    if (typeof name === 'string' && Object.hasOwn(types, name)) return types[name]!;
    const known = Object.keys(types).join(', ');
    throw new TypeError(
      `${at(place.pointer)} of the schema: type is ${JSON.stringify(name)?.slice(0, 80)}, known are ${known}`,
    );
  });
  return eitherShapes(context, [bottom, ...shapes]);
}

/** Just these values. */
function valuesShape(context: Context, values: readonly Json[]): Shape {
  const strings = values.filter((value) => typeof value === 'string');
  const others = values.filter((value) => typeof value !== 'string').map((value) => valueShape(context, value));
  return eitherShapes(context, [{ ...bottom, strings: textsOf(strings) }, ...others]);
}

const textsOf = (strings: readonly string[]): Regular => either(strings.map((text) => literal(contentsOf(text))));

/** Just this value. */
export function valueShape(context: Context, value: Json): Shape {
  if (value === null) return types['null']!;
  if (typeof value === 'boolean') return { ...bottom, booleans: [value] };
  if (typeof value === 'number') return { ...bottom, numbers: numbers.onlyNumber(value) };
  if (typeof value === 'string') return { ...bottom, strings: textsOf([value]) };
  if (isObject(value)) {
    const named = Object.entries(value).map(
      ([name, inner]) => [name, { isRequired: true, values: onlyValue(context, inner) }] as const,
    );
    return { ...bottom, objects: [{ ...topObject, named: new Map(named), others: [] }] };
  }
  const prefix = value.map((item) => onlyValue(context, item));
  const length = prefix.length;
  return { ...bottom, arrays: [{ ...topArray, prefix, rest: none, min: length, max: length }] };
}

function numberSet(place: ObjectPlace): numbers.NumberSet {
  let set = numbers.allNumbers;
  const hold = (to: numbers.NumberSet): void => void (set = numbers.bothNumbers(set, to));
  const bound = (keyword: 'minimum' | 'maximum', exclusive: string): void => {
    const isExclusive = typeof place.schema[exclusive] === 'boolean' && flagOf(place, exclusive); // as in draft 4
    const value = numberOf(place, keyword);
    const [inside, within] = keyword === 'minimum' ? [numbers.above, numbers.atLeast] : [numbers.below, numbers.atMost];
    if (value !== undefined) hold(isExclusive ? inside(value) : within(value));
    if (typeof place.schema[exclusive] === 'boolean') return;
    const end = numberOf(place, exclusive);
    if (end !== undefined) hold(inside(end));
  };
  bound('minimum', 'exclusiveMinimum');
  bound('maximum', 'exclusiveMaximum');
  const divisor = numberOf(place, 'multipleOf');
  if (divisor !== undefined && divisor <= 0) {
    throw new RangeError(`${at(place.pointer)} of the schema: multipleOf is ${divisor}, expected a number above 0`);
  }
  if (divisor === undefined) return set;
  checkDivisor(decimalOf(divisor), `${at(place.pointer)} of the schema: multipleOf`);
  hold(numbers.multiplesOf(divisor));
  return set;
}

function stringShape(place: ObjectPlace): Shape {
  const parts: Regular[] = [];
  const [min = 0, max] = [countOf(place, 'minLength'), countOf(place, 'maxLength')];
  if (max !== undefined && min > max) return { ...top, strings: bottom.strings };
  if (min > 0 || max !== undefined) parts.push(repeat(anyChar, min, max));
  const pattern = textOf(place, 'pattern');
  if (pattern !== undefined) parts.push(patternTexts(pattern, place, 'pattern'));
  let strict: string | undefined;
  for (const [keyword, textsOf] of [
    ['format', formatTexts],
    ['contentEncoding', encodedTexts],
  ] as const) {
    const name = textOf(place, keyword);
    const texts = name === undefined ? undefined : textsOf(name);
    if (texts) parts.push(texts.contents);
    if (texts?.isStrict) strict = at(place.pointer + step(keyword));
  }
  return parts.length === 0 ? top : { ...top, strings: both(parts), strict };
}
