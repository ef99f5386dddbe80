/** What differs between a text and its correction: words that were put in, left out or replaced, with their places. */

export interface Edit {
  /** Of the text that was replaced: UTF-16 positions, as `text.slice(start, end)` takes them. Equal where something was put in. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** More words than a piece has: the table of the comparison grows with the square. */
const maxWords = 4000;

interface Word {
  readonly text: string;
  readonly at: number;
}

/** Words, marks and runs of white space; all of them are the text. */
function wordsOf(text: string): Word[] {
  return Array.from(
    text.matchAll(/\s+|[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^]/gu),
    ({ 0: word, index }) => ({ text: word, at: index }),
  );
}

/** The lengths of the longest common subsequences of what follows, `[a.length + 1][b.length + 1]`. */
function commonLengths(a: readonly Word[], b: readonly Word[]): Uint16Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, next] = [rows[i]!, rows[i + 1]!];
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i]!.text === b[j]!.text ? next[j + 1]! + 1 : Math.max(next[j]!, row[j + 1]!);
  }
  return rows;
}

/** The edits that make `corrected` of `text`, from its beginning to its end; none overlap. */
export function editsBetween(text: string, corrected: string): Edit[] {
  const [a, b] = [wordsOf(text), wordsOf(corrected)];
  if (a.length > maxWords || b.length > maxWords)
    return text === corrected ? [] : [{ start: 0, end: text.length, replacement: corrected }];
  const lengths = commonLengths(a, b);
  const edits: Edit[] = [];
  const placeIn = (words: readonly Word[], whole: string, i: number): number => words[i]?.at ?? whole.length;
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i]!.text === b[j]!.text) {
      i++;
      j++;
      continue;
    }
    const [fromA, fromB] = [i, j];
    while ((i < a.length || j < b.length) && a[i]?.text !== b[j]?.text) {
      if (j >= b.length || (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) i++;
      else j++;
    }
    const [start, end] = [placeIn(a, text, fromA), placeIn(a, text, i)];
    edits.push({ start, end, replacement: corrected.slice(placeIn(b, corrected, fromB), placeIn(b, corrected, j)) });
  }
  return withNeighbours(edits, text);
}

/** Edits with nothing but one blank between them are one. */
function withNeighbours(edits: readonly Edit[], text: string): Edit[] {
  const all: Edit[] = [];
  for (const edit of edits) {
    const last = all.at(-1);
    const between = last && text.slice(last.end, edit.start);
    if (!last || !/^\s?$/.test(between!)) all.push(edit);
    else
      all[all.length - 1] = {
        start: last.start,
        end: edit.end,
        replacement: last.replacement + between! + edit.replacement,
      };
  }
  return all;
}

/** The text with edits, which go from its beginning to its end. */
export function edited(text: string, edits: readonly Edit[]): string {
  let at = 0;
  let whole = '';
  for (const { start, end, replacement } of edits) {
    whole += text.slice(at, start) + replacement;
    at = end;
  }
  return whole + text.slice(at);
}

/** How many words more there are with an edit; less than 0 where it takes some away. */
export function wordsMoreIn(text: string, { start, end, replacement }: Edit): number {
  const nWords = (part: string) => wordsOf(part).filter(({ text: word }) => /[\p{L}\p{N}]/u.test(word)).length;
  return nWords(replacement) - nWords(text.slice(start, end));
}

/** How much of a text's words its correction still has, from 0 to 1. */
export function shareKept(text: string, corrected: string): number {
  const isWord = ({ text: word }: Word) => /[\p{L}\p{N}]/u.test(word);
  const [a, b] = [wordsOf(text).filter(isWord), wordsOf(corrected).filter(isWord)];
  if (a.length === 0 || a.length > maxWords || b.length > maxWords) return text === corrected ? 1 : 0;
  return commonLengths(a, b)[0]![0]! / Math.max(a.length, b.length);
}

export type EditType = 'spelling' | 'punctuation' | 'capitalization' | 'preposition' | 'missing-words' | 'grammar';

const prepositions = new Set(
  'about above across after against along among around as at before behind below beneath beside between beyond by despite down during for from in inside into like near of off on onto out outside over past since through to toward towards under until up upon with within without'.split(
    ' ',
  ),
);

const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();

/** What kind of mistake an edit corrects, by what it changes. */
export function typeOf(text: string, { start, end, replacement }: Edit): EditType {
  const [before, after] = [letters(text.slice(start, end)), letters(replacement)];
  if (before === after) return 'punctuation';
  if (before.toLowerCase() === after.toLowerCase()) return 'capitalization';
  if (before === '') return 'missing-words';
  const isPreposition = [before, after].every((word) => prepositions.has(word.toLowerCase()));
  if (isPreposition) return 'preposition';
  const isOneWord = !/\s/.test(before + after) && after !== '';
  return isOneWord &&
    nChanged(before.toLowerCase(), after.toLowerCase()) <= Math.max(1, Math.floor(before.length / 3)) &&
    !isInflected(before, after)
    ? 'spelling'
    : 'grammar';
}

const endings = /(?:'s|es|s|ed|d|ing|ly)$/;

/** `go` and `goes` are both right, one of them elsewhere. */
const isInflected = (a: string, b: string): boolean =>
  a.length > 2 && a.toLowerCase().replace(endings, '') === b.toLowerCase().replace(endings, '');

/** Letters put in, left out, replaced or swapped with their neighbours. */
function nChanged(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : i)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? rows[i - 2]![j - 2]! + 1 : Infinity;
      rows[i]![j] = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, replaced, swapped);
    }
  }
  return rows[a.length]![b.length]!;
}
