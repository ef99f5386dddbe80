/** Options as the specifications read them. */
import { languageName } from '../../tasks/languages.ts';

/** @throws TypeError for a word that an option does not know. */
export function wordOf<T extends string>(name: string, given: unknown, words: readonly T[], otherwise: T): T {
  if (given === undefined) return otherwise;
  const word = words.find((each) => each === String(given));
  if (word !== undefined) return word;
  throw new TypeError(`${name} is ${JSON.stringify(given)}, expected one of ${words.join(', ')}`);
}

/** @throws RangeError for what is no tag. */
export function canonicalTag(tag: unknown): string {
  try {
    const [canonical] = Intl.getCanonicalLocales(String(tag));
    if (canonical !== undefined) return canonical;
  } catch {
    // what follows says what was wrong
  }
  throw new RangeError(`${JSON.stringify(tag)} is no language tag; expected one like en, fr or zh-Hant`);
}

export const tagOf = (tag: unknown): string | null => (tag === undefined || tag === null ? null : canonicalTag(tag));

/** Canonical tags, each once, in a list that nobody can change; null for none. */
export function tagsOf(tags: unknown): readonly string[] | null {
  if (tags === undefined || tags === null) return null;
  if (typeof tags !== 'object' || !(Symbol.iterator in tags))
    throw new TypeError(`languages are ${typeof tags}, expected a list of tags`);
  const canonical = [...new Set(Array.from(tags as Iterable<unknown>, canonicalTag))];
  return canonical.length === 0 ? null : Object.freeze(canonical);
}

/** Whether all of these are languages that somebody speaks: what a model knows of them nobody can say beforehand. */
export const areKnown = (...tags: readonly (readonly string[] | string | null)[]): boolean =>
  tags.flat().every((tag) => tag === null || languageName(new Intl.Locale(tag).language) !== undefined);

/** A dictionary: left out, null, or an object. */
export function dictionaryOf<T extends object>(name: string, given: T | undefined | null): T {
  if (given === undefined || given === null) return {} as T;
  if (typeof given === 'object' || typeof given === 'function') return given;
  throw new TypeError(`the options of ${name} are ${typeof given}, expected an object`);
}

const isSignal = (value: unknown): value is AbortSignal =>
  Object.prototype.toString.call(value) === '[object AbortSignal]';

/** @throws TypeError for anything else than a signal. */
export function signalOf(options: { readonly signal?: AbortSignal } | undefined | null): AbortSignal | undefined {
  const signal: unknown = options?.signal;
  if (signal === undefined || isSignal(signal)) return signal;
  throw new TypeError('signal is no AbortSignal; give the signal of an AbortController');
}

/** What the writer of a text and the caller of one method say about it. */
export const contextOf = (shared: string, own: unknown): string | undefined =>
  [shared, own === undefined ? '' : String(own)]
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n') || undefined;
