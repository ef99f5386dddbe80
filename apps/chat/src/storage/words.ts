/** Words of a text, for searching: in any script, without case and accents. */

/** Scripts that do not part words. */
const unparted =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const parted = /[\p{L}\p{N}\p{M}]+/gu;

const segmenter =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'word' }) : undefined;

export interface Word {
  readonly text: string;
  readonly begin: number;
}

export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: run, index } of text.matchAll(parted)) {
    if (!segmenter || !unparted.test(run)) yield { text: run, begin: index };
    else for (const { segment, index: at } of segmenter.segment(run)) yield { text: segment, begin: index + at };
  }
}

/** A word as it is compared. */
export const plainWord = (word: string): string => word.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** How MiniSearch takes texts apart. */
export const searchWords = {
  tokenize: (text: string) => [...wordsOf(text)].map((word) => word.text),
  processTerm: (word: string) => plainWord(word),
};
