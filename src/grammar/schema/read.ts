/** Reads what stands under a keyword, and says where it is no schema. */
import { kindOf } from '../../base/checks.ts';
import type { Place } from './document.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import { at } from './limits.ts';

/** A place whose schema is an object. */
export interface ObjectPlace extends Place {
  readonly schema: JsonObject;
}

export const hasKeywords = (place: Place): place is ObjectPlace => isObject(place.schema);

function wrong(place: Place, keyword: string, expected: string): TypeError {
  const came = (place.schema as JsonObject)[keyword];
  const shown = typeof came === 'number' || typeof came === 'string' ? JSON.stringify(came).slice(0, 80) : kindOf(came);
  return new TypeError(`${at(place.pointer)} of the schema: ${keyword} is ${shown}, expected ${expected}`);
}

export function numberOf(place: ObjectPlace, keyword: string): number | undefined {
  const value = place.schema[keyword];
  if (value === undefined || typeof value === 'number') return value;
  throw wrong(place, keyword, 'a number');
}

/** A count: also `2.0`, which JSON reads as 2. */
export function countOf(place: ObjectPlace, keyword: string): number | undefined {
  const value = numberOf(place, keyword);
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw wrong(place, keyword, 'a whole number of at least 0');
}

export function textOf(place: ObjectPlace, keyword: string): string | undefined {
  const value = place.schema[keyword];
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(place, keyword, 'a string');
}

export function flagOf(place: ObjectPlace, keyword: string): boolean {
  const value = place.schema[keyword];
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw wrong(place, keyword, 'true or false');
}

export function listOf(place: ObjectPlace, keyword: string): readonly Json[] {
  const value = place.schema[keyword];
  if (isList(value)) return value;
  throw wrong(place, keyword, 'a list');
}

export function textsOf(place: ObjectPlace, keyword: string): readonly string[] {
  return texts(place, keyword, place.schema[keyword]);
}

export function texts(place: Place, keyword: string, value: Json | undefined): readonly string[] {
  if (isList(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(place, keyword, 'a list of strings');
}

export function keysOf(place: ObjectPlace, keyword: string): readonly string[] {
  const value = place.schema[keyword];
  if (value === undefined) return [];
  if (isObject(value)) return Object.keys(value);
  throw wrong(place, keyword, 'an object');
}
