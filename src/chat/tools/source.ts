import type { MarkedText } from '../parts.ts';

/** Reads from a source in straight lines; each `yield` waits for more text. So a text may be cut anywhere. */
export type Reading<Result = void> = Generator<undefined, Result, undefined>;

/** A text that is looked for, and where in it tokens must stand. */
interface Mark {
  readonly text: string;
  readonly tokensAt: readonly number[];
}

const isSpace = (char: string): boolean => char === ' ' || char === '\n' || char === '\t' || char === '\r';

/** Text that comes in pieces, and where in it tokens stand that marks are made of. */
export class Source {
  /** What is not read yet. */
  rest = '';
  /** Nothing comes behind it any more. */
  isEnd = false;
  private kept: string | undefined;
  /** How many characters were read. */
  nRead = 0;
  private readonly places = new Set<number>();
  private readonly marks = new Map<string, Mark>();
  private readonly tokens: readonly string[];

  /** @param tokens texts that count as tokens only: spelled in letters they are no marks */
  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  push({ text, marks = [] }: MarkedText): void {
    for (const at of marks) this.places.add(at);
    this.rest += text;
  }

  /** Reads so many characters. */
  take(nChars: number): string {
    const taken = this.rest.slice(0, nChars);
    for (const at of this.places) if (at < this.nRead + nChars) this.places.delete(at);
    this.rest = this.rest.slice(nChars);
    this.nRead += taken.length;
    if (this.kept !== undefined) this.kept += taken;
    return taken;
  }

  /** Keeps what is read from here on: it may turn out to be something else. */
  keep(): void {
    this.kept = '';
  }

  /** What was kept; nothing is kept any more. */
  unkeep(): string {
    const { kept = '' } = this;
    this.kept = undefined;
    return kept;
  }

  /** Nothing is left, and nothing can come. */
  get isOver(): boolean {
    return this.isEnd && this.rest === '';
  }

  /** Waits until there are so many characters, or no more can come. */
  *need(nChars: number): Reading<boolean> {
    while (this.rest.length < nChars && !this.isEnd) yield;
    return this.rest.length >= nChars;
  }

  /** Whether a mark comes next; it is not read. */
  *has(text: string): Reading<boolean> {
    const mark = this.markOf(text);
    while (this.mayBegin(mark, 0)) {
      if (this.rest.length >= text.length) return true;
      if (this.isEnd) return false;
      yield;
    }
    return false;
  }

  /** Reads a mark if it comes next. */
  *skip(text: string): Reading<boolean> {
    if (!(yield* this.has(text))) return false;
    this.take(text.length);
    return true;
  }

  /** Reads white space, and hands it out. */
  *space(): Reading<string> {
    let space = '';
    for (;;) {
      let n = 0;
      while (n < this.rest.length && isSpace(this.rest[n]!)) n++;
      space += this.take(n);
      if (this.rest !== '' || this.isEnd) return space;
      yield;
    }
  }

  /** Reads the text before the first of some marks, as far as it comes; the mark, which is not read, or undefined at the end. */
  *until(texts: readonly string[], say: (text: string) => void): Reading<string | undefined> {
    const marks = texts.map((text) => this.markOf(text));
    for (;;) {
      const { at, mark } = this.find(marks);
      if (at > 0) say(this.take(at));
      if (mark && this.rest.length >= mark.text.length && this.isFirst(marks, mark)) return mark.text;
      if (this.isEnd) {
        if (this.rest === '') return undefined;
        say(this.take(1)); // what looked like the beginning of a mark
      } else yield;
    }
  }

  /** The text before a mark, or all that is left; both are read. */
  *upTo(text: string): Reading<string> {
    let read = '';
    const found = yield* this.until([text], (piece) => (read += piece));
    if (found !== undefined) this.take(found.length);
    return read;
  }

  /** Where the first place is that is a mark, or may become one; of several marks there, the longest that is whole. */
  private find(marks: readonly Mark[]): { at: number; mark: Mark | undefined } {
    for (let at = 0; at < this.rest.length; at++) {
      const here = marks.filter((mark) => mark.text[0] === this.rest[at] && this.mayBegin(mark, at));
      const whole = here.filter(({ text }) => text.length <= this.rest.length - at);
      if (here.length > 0) return { at, mark: whole.sort((a, b) => b.text.length - a.text.length)[0] ?? here[0] };
    }
    return { at: this.rest.length, mark: undefined };
  }

  /** No longer mark may still come of what stands here. */
  private isFirst(marks: readonly Mark[], found: Mark): boolean {
    return (
      this.isEnd ||
      !marks.some((mark) => mark.text.length > this.rest.length && mark !== found && this.mayBegin(mark, 0))
    );
  }

  private mayBegin({ text, tokensAt }: Mark, at: number): boolean {
    const nHere = Math.min(text.length, this.rest.length - at);
    if (!text.startsWith(this.rest.slice(at, at + nHere))) return false;
    return tokensAt.every((offset) => offset >= nHere || this.places.has(this.nRead + at + offset));
  }

  private markOf(text: string): Mark {
    let mark = this.marks.get(text);
    if (!mark) this.marks.set(text, (mark = { text, tokensAt: this.tokens.flatMap((token) => placesOf(token, text)) }));
    return mark;
  }
}

/** Where a text stands in another. */
function placesOf(part: string, text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}
