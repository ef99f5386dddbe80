/** Texts in pieces: at paragraphs where that will do, else at sentences, at words, at characters. */

export interface Piece {
  /** White space that stands before it. */
  readonly before: string;
  /** Without white space around it; empty where the text ends with white space. */
  readonly text: string;
}

/** Something in it could be said otherwise. */
export const hasWords = (text: string): boolean => /\p{L}/u.test(text);

/** How many tokens each text has. */
export type CountTokens = (texts: readonly string[]) => Promise<readonly number[]>;

export interface PieceOptions {
  readonly maxTokens: number;
  readonly count: CountTokens;
  readonly byLine?: boolean;
}

/** Which of the ways to cut is that at lines. */
const lineCut = 1;

/** Ways to cut, the best first. Each part keeps the white space behind it: together they are the text. */
const cuts: readonly ((text: string) => string[])[] = [
  (text) => text.match(/[^]*?(?:\n[^\S\n]*(?:\n\s*)+|$)/g)!.filter((part) => part !== ''),
  (text) => text.match(/[^\n]*(?:\n+|$)/g)!.filter((part) => part !== ''),
  sentencesOf,
  (text) => text.match(/\S+\s*|^\s+/g) ?? [text],
  halvesOf,
];
const lastCut = cuts.length - 1;

/** Two halves, with no character cut in two: a long word in few steps. */
function halvesOf(text: string): string[] {
  const middle = text.length >> 1;
  const at = text.codePointAt(middle - 1)! > 0xffff ? middle + 1 : middle;
  return [text.slice(0, at), text.slice(at)];
}

const isOneCharacter = (text: string): boolean => text.length < (text.codePointAt(0)! > 0xffff ? 3 : 2);

/** Sentences, as the platform finds them where it does. */
function sentencesOf(text: string): string[] {
  if (!('Segmenter' in Intl))
    return text.match(/[^]*?(?:[.!?…。！？]+["'”’»)\]]*\s+|[。！？]|$)/g)!.filter((part) => part !== '');
  return Array.from(new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text), ({ segment }) => segment);
}

/**
 * Pieces of at most `maxTokens`, but for single characters that have more. What is between two pieces is white space: all of them, each with what
 * stands before it, are the text. With `byLine` no piece has several lines.
 */
export async function piecesOf(text: string, { maxTokens, count, byLine = false }: PieceOptions): Promise<Piece[]> {
  const fitted = async (part: string, way: number): Promise<Counted[]> => {
    const texts = cuts[way]!(part);
    const counts = await count(texts);
    const parts: Counted[] = [];
    for (const [i, each] of texts.entries()) {
      const fits = counts[i]! <= maxTokens || isOneCharacter(each);
      const finer = fits ? [{ text: each, nTokens: counts[i]! }] : await fitted(each, Math.min(way + 1, lastCut));
      for (const one of finer) parts.push(one);
    }
    return joined(parts, maxTokens);
  };
  if (!byLine) return trimmed(await fitted(text, 0));
  const lines: Counted[] = [];
  for (const line of cuts[lineCut]!(text)) for (const part of await fitted(line, lineCut + 1)) lines.push(part);
  return trimmed(lines);
}

interface Counted {
  readonly text: string;
  readonly nTokens: number;
}

/** Neighbours together, as many as fit. Tokens of two texts behind one another are at most those of both. */
function joined(parts: readonly Counted[], maxTokens: number): Counted[] {
  const all: Counted[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (!last || last.nTokens + part.nTokens > maxTokens) all.push(part);
    else all[all.length - 1] = { text: last.text + part.text, nTokens: last.nTokens + part.nTokens };
  }
  return all;
}

/** White space is between pieces, and in none of them. */
function trimmed(parts: readonly Counted[]): Piece[] {
  const pieces: Piece[] = [];
  let before = '';
  for (const { text } of parts) {
    const words = text.trim();
    const at = text.indexOf(words);
    if (words === '') {
      before += text;
      continue;
    }
    pieces.push({ before: before + text.slice(0, at), text: words });
    before = text.slice(at + words.length);
  }
  if (before !== '') pieces.push({ before, text: '' });
  return pieces;
}
