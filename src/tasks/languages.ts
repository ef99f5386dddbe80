/** Languages by their BCP 47 tags. */
import { kindOf } from '../base/checks.ts';

/** The canonical form of a tag: `EN-us` is `en-US`. @throws RangeError where it is none. */
export function languageTag(name: string, tag: unknown): string {
  if (typeof tag !== 'string')
    throw new TypeError(`${name} is ${kindOf(tag)}, expected a language's tag: en, fr, zh-Hant …`);
  try {
    const [canonical] = Intl.getCanonicalLocales(tag);
    if (canonical !== undefined && languageName(canonical) !== undefined) return canonical;
  } catch {
    // what follows says what was wrong
  }
  throw new RangeError(`${name} is ${JSON.stringify(tag)}, expected the tag of a language: en, fr, pt-BR, zh-Hant …`);
}

/** What it is called in English, for a model; undefined for one that nobody knows. */
export function languageName(tag: string): string | undefined {
  return new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(tag);
}

/** Whether two tags are one language in one script: `pt` and `pt-BR`, not `zh-Hans` and `zh-Hant`. */
export function areSame(a: string, b: string): boolean {
  const [one, two] = [new Intl.Locale(a).maximize(), new Intl.Locale(b).maximize()];
  return one.language === two.language && one.script === two.script;
}

/** The name of the language that an option asks for, if it does. @throws RangeError for what is no tag. */
export const nameOfTag = (language: string | undefined): string | undefined =>
  language === undefined ? undefined : languageName(languageTag('language', language));
