import { greatest } from '../base/numbers.ts';
import { checkNames, kindOf, tagOf } from '../base/checks.ts';
import { scoresOf, unpacked, wordsOf, type Weights } from './language_features.ts';

export interface DetectLanguageOptions {
  /** Tags of the languages that the text may be in; others are not considered. Default: all that are known. */
  readonly among?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A language that a text may be in. */
export interface DetectedLanguage {
  /** Its tag: `en`. */
  readonly language: string;
  /** From 0 to 1; of all languages together at most 1. */
  readonly confidence: number;
}

/** Scripts that belong to one language, or that need no profile. Where kana are, characters of Chinese are Japanese. */
const ownScripts: Readonly<Record<string, string>> = {
  Armenian: 'hy',
  Bengali: 'bn',
  Georgian: 'ka',
  Greek: 'el',
  Gujarati: 'gu',
  Gurmukhi: 'pa',
  Han: 'zh',
  Hangul: 'ko',
  Hebrew: 'he',
  Hiragana: 'ja',
  Kannada: 'kn',
  Katakana: 'ja',
  Khmer: 'km',
  Lao: 'lo',
  Malayalam: 'ml',
  Myanmar: 'my',
  Oriya: 'or',
  Sinhala: 'si',
  Tamil: 'ta',
  Telugu: 'te',
  Thai: 'th',
  Tibetan: 'bo',
};

/** Scripts of several languages; each has a profile of that name. */
const sharedScripts = ['Latin', 'Cyrillic', 'Arabic', 'Devanagari', 'Ethiopic'];

const scripts = [...Object.keys(ownScripts), ...sharedScripts].map((name) => ({
  name,
  letter: new RegExp(`^\\p{Script=${name}}`, 'u'),
}));

/** More of a text changes nothing. */
const maxChars = 20_000;

/** Languages with less are left out. */
const minConfidence = 0.005;

/** A text of a few letters may be in many languages, whatever the profiles say: its confidence is at most `n / (n + doubtful)`. */
const doubtful = 1;

let profiles: Promise<ReadonlyMap<string, Weights>> | undefined;

/** Profiles are loaded when the first text in a script of several languages comes. */
const loadedProfiles = () =>
  (profiles ??= import('./language_profiles.ts').then(
    ({ profiles: packed }) => new Map(packed.map((profile) => [profile.script, unpacked(profile)])),
  ));

/**
 * The languages that a text may be in, the likeliest first, without a model: by its script, and in scripts of several languages by which letters stand in a
 * row. A text in several languages has them by their shares. Empty for a text without letters.
 */
export async function detectLanguage(text: string, options: DetectLanguageOptions = {}): Promise<DetectedLanguage[]> {
  if (typeof text !== 'string') throw new TypeError(`the text is ${kindOf(text)}, expected a string`);
  checkNames('option of detectLanguage', options, ['among', 'signal']);
  const { among, signal } = options;
  if (signal !== undefined && tagOf(signal) !== 'AbortSignal')
    throw new TypeError(`signal is ${kindOf(signal)}, expected the signal of an AbortController`);
  if (among !== undefined && !Array.isArray(among))
    throw new TypeError(`among is ${kindOf(among)}, expected a list of tags: ['en', 'fr']`);
  signal?.throwIfAborted();
  const words = wordsOf(text.slice(0, maxChars));
  const byScript = sharesOf(words);
  const found = new Map<string, number>();
  for (const [script, { words: own, share }] of byScript) {
    for (const [language, part] of await languagesOf(script, own, among))
      found.set(language, (found.get(language) ?? 0) + part * share);
  }
  signal?.throwIfAborted();
  const nLetters = words.join('').length;
  const most = nLetters / (nLetters + doubtful);
  return Array.from(found, ([language, confidence]) => ({ language, confidence: confidence * most }))
    .filter(({ confidence }) => confidence >= minConfidence)
    .sort((a, b) => b.confidence - a.confidence);
}

/** All languages that can be told. */
export async function knownLanguages(): Promise<string[]> {
  const shared = [...(await loadedProfiles()).values()].flatMap(({ languages }) => languages);
  return [...new Set([...Object.values(ownScripts), ...shared])].sort();
}

interface Share {
  readonly words: string[];
  share: number;
}

/** Words by the script of their first letter, and how much of the text each script has. */
function sharesOf(words: readonly string[]): Map<string, Share> {
  const shares = new Map<string, Share>();
  let last = scripts.at(-1)!;
  let nLetters = 0;
  for (const word of words) {
    const first = word.replace(/^'+/, '');
    const script = last.letter.test(first) ? last : scripts.find(({ letter }) => letter.test(first));
    if (!script) continue;
    last = script;
    const has = shares.get(script.name) ?? { words: [], share: 0 };
    has.words.push(first);
    has.share += first.length;
    nLetters += first.length;
    shares.set(script.name, has);
  }
  for (const has of shares.values()) has.share /= nLetters;
  return withKana(shares, words);
}

/** Japanese is written in three scripts at once, and its words are not told apart by blanks. */
function withKana(shares: Map<string, Share>, words: readonly string[]): Map<string, Share> {
  const han = shares.get('Han');
  if (!han || !words.some((word) => /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word))) return shares;
  shares.delete('Han');
  const kana = shares.get('Hiragana') ?? { words: [], share: 0 };
  kana.share += han.share;
  return shares.set('Hiragana', kana);
}

async function languagesOf(
  script: string,
  words: readonly string[],
  among: readonly string[] | undefined,
): Promise<(readonly [language: string, part: number])[]> {
  const isAsked = (language: string): boolean => !among || among.includes(language);
  const own = ownScripts[script];
  if (own !== undefined) return isAsked(own) ? [[own, 1]] : [];
  const weights = (await loadedProfiles()).get(script)!;
  const scores = scoresOf(words, weights);
  const asked = weights.languages.flatMap((language, i) =>
    isAsked(language) ? [{ language, score: scores[i]! }] : [],
  );
  const best = greatest(asked.map(({ score }) => score));
  const parts = asked.map(({ language, score }) => ({ language, part: Math.exp(score - best) }));
  const all = parts.reduce((sum, { part }) => sum + part, 0);
  return parts.map(({ language, part }) => [language, part / all] as const);
}
