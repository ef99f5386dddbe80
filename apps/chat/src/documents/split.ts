/** Documents in passages: what is found, and what a model is given. */
import type { StoredDocument } from '../storage/types.ts';

export interface Passage {
  readonly id: number;
  readonly document: StoredDocument;
  /** Which of its parts, and where in that: [begin, end) of its text. */
  readonly part: number;
  readonly begin: number;
  readonly end: number;
}

/** Some 200 tokens. */
const passageLength = 900;
/** Sentences that are repeated in the next passage. */
const overlapLength = 200;

export const textOf = ({ document, part, begin, end }: Omit<Passage, 'id'>): string =>
  document.parts[part]!.text.slice(begin, end);

/** A book in one piece is looked at in stretches of so many characters. */
const stretchLength = 10_000;

/** Stretch by stretch, so that a page can breathe between them. */
export function* passagesOf(documents: readonly StoredDocument[]): Generator<Passage> {
  let id = 0;
  for (const document of documents) {
    for (const [part, { text }] of document.parts.entries()) {
      for (const stretch of stretches(text)) {
        for (const { begin, end } of spans(text.slice(stretch.begin, stretch.end)))
          yield { id: id++, document, part, begin: stretch.begin + begin, end: stretch.begin + end };
      }
    }
  }
}

interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Cut after a line, or between words where there is no other way. */
function* stretches(text: string): Generator<Span> {
  for (let begin = 0; begin < text.length;) {
    const most = Math.min(text.length, begin + stretchLength);
    const [line, space] = ['\n', ' '].map((mark) => text.lastIndexOf(mark, most - 1) + 1) as [number, number];
    const end = most === text.length ? most : line > begin ? line : space > begin ? space : most;
    yield { begin, end };
    begin = end;
  }
}

/** Whole sentences, of which the last ones come again in the next passage. */
export function spans(text: string): Span[] {
  const found: Span[] = [];
  const sentences = sentencesOf(text);
  for (let first = 0; first < sentences.length;) {
    let last = first;
    const { begin } = sentences[first]!;
    while (last + 1 < sentences.length && sentences[last + 1]!.end - begin <= passageLength) last++;
    const { end } = sentences[last]!;
    if (text.slice(begin, end).trim() !== '') found.push({ begin, end });
    if (last + 1 >= sentences.length) break;
    let next = last + 1;
    while (next - 1 > first && end - sentences[next - 1]!.begin <= overlapLength) next--;
    first = next;
  }
  return found;
}

const segmenter =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'sentence' }) : undefined;

function sentencesOf(text: string): Span[] {
  const found: Span[] = [];
  const pieces = segmenter
    ? [...segmenter.segment(text)].map(({ segment }) => segment)
    : (text.match(/[^.!?。！？\n]*[.!?。！？\n]*\s*/g) ?? []);
  let begin = 0;
  for (const piece of pieces) {
    for (const length of cuts(piece)) {
      if (length > 0) found.push({ begin, end: begin + length });
      begin += length;
    }
  }
  return found;
}

/** Lengths of a sentence's pieces: none is longer than a passage; cut between words where there are any. */
function cuts(sentence: string): number[] {
  const lengths: number[] = [];
  let done = 0;
  while (sentence.length - done > passageLength) {
    const space = sentence.lastIndexOf(' ', done + passageLength - 1);
    const end = space > done ? space + 1 : done + passageLength;
    lengths.push(end - done);
    done = end;
  }
  return [...lengths, sentence.length - done];
}
