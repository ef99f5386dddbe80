import type { Mark, PartType, Thoughts } from './thoughts.ts';

/** A thought or a text of an answer, or the next piece of one. */
export interface SaidPart {
  readonly type: PartType;
  readonly text: string;
}

/** The next piece of a call, or all that is known of it yet. */
export interface CallPart {
  readonly type: 'tool_call';
  /** Which call of the answer it is, from 0 on. */
  readonly index: number;
  readonly id: string;
  /** The tool, with the first piece of a call. */
  readonly name?: string;
  /** The next piece of the arguments' JSON text. */
  readonly arguments: string;
}

/** A part of an answer, or the next piece of one. */
export type AnswerPart = SaidPart | CallPart;

/** A part, and where in its text tokens stand. */
type MarkedPart = SaidPart & MarkedText;

/** Text, and where in it tokens stand that may be parts of marks. */
export interface MarkedText {
  readonly text: string;
  /** Characters before each of these tokens, counted from the beginning of all text. */
  readonly marks?: readonly number[];
}

/** A mark as it is looked for. */
interface Wanted extends Mark {
  readonly text: string;
  /** Where in `text` elements begin that must be tokens. */
  readonly tokensAt: readonly number[];
  /** It counts before all text, or behind it; absent: anywhere. */
  readonly only?: 'first' | 'last';
}

/** White space beside marks belongs to them: templates write it there. */
const leading = /^[ \t\r\n]+/;
const isBlank = (text: string): boolean => text.replace(leading, '') === '';

/** How many characters there are before the white space at the end. */
function endOfWords(text: string): number {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text[end - 1]!)) end--;
  return end;
}

/**
 * Tells the thoughts of an answer from the rest, as its text comes. Every character comes out again in order, but for marks, white space
 * between a mark and the beginning of a part, and that before the end of a thought. Text waits only while it may be the beginning of a mark.
 */
export class Parts {
  private readonly wanted: readonly Wanted[];
  private type: PartType = 'text';
  /** Text that is not told apart yet, and how many characters came before it. */
  private waiting = '';
  private nBefore = 0;
  /** Of them the first so many were handed on by the answer that goes on: it ended inside what may be a mark. */
  private nTold = 0;
  private readonly tokens = new Set<number>();
  /** Where marks stand that were looked for, counted like `nBefore`. */
  private readonly places = new Map<Wanted, number>();
  /** White space that is handed on when something follows. */
  private space = '';
  /** Parts of which something was said. */
  private readonly said = { thinking: false, text: false };
  private hasMark = false;
  /** Nothing was said since the last mark. */
  private isFresh = true;
  /** Marks of thoughts that are spelled in letters count: nothing was said before them. */
  private mayThink = true;
  /** What comes stands before the answer. */
  private isBefore = false;
  private readonly hasCalls: boolean;
  /** What looks like a mark behind the beginning may be text: of an argument, or that an answer is held to. */
  private isHeld: boolean;

  /** @param hasCalls parts say where tokens stand in them, counted from the beginning of each */
  constructor({ marks, tokens, around }: Thoughts, { hasCalls = false }: { readonly hasCalls?: boolean } = {}) {
    this.hasCalls = this.isHeld = hasCalls;
    const wanted = (mark: Mark): Wanted => {
      const { elements } = mark;
      const tokensAt = elements.flatMap((element, i) =>
        tokens.includes(element) ? [elements.slice(0, i).join('').length] : [],
      );
      return { ...mark, text: elements.join(''), tokensAt };
    };
    const tags = (around ?? []).map((tag, i) => ({
      ...wanted({ elements: [tag], inside: 'text', to: 'text' }),
      only: i === 0 ? ('first' as const) : ('last' as const),
    }));
    this.wanted = [...marks.map(wanted), ...tags];
  }

  /**
   * What stands before the answer: the end of its prompt, where thoughts may have been opened, or all of an answer that goes on. Call it
   * first, if at all.
   */
  startAfter(
    before: MarkedText,
    { goesOn, isHeld = false }: { readonly goesOn: boolean; readonly isHeld?: boolean },
  ): void {
    this.isHeld ||= isHeld;
    this.isBefore = true;
    this.push(before);
    this.isBefore = false;
    this.mayThink = !goesOn || this.isFresh;
    const isOpen = this.type === 'thinking' && (goesOn || this.isFresh);
    this.type = isOpen ? 'thinking' : 'text';
    this.hasMark = isOpen || (goesOn && this.isFresh && this.hasMark);
    if (!goesOn) this.drop(this.waiting.length);
    this.nTold = this.waiting.length;
    this.restartAt(this.nBefore + this.nTold);
    this.space = '';
    this.said.thinking = isOpen && !this.isFresh;
    this.said.text = false;
    this.isFresh = true;
  }

  /** Counts characters from this one on. What waits stands before it. */
  private restartAt(nChars: number): void {
    const places = [...this.tokens];
    this.tokens.clear();
    for (const at of places) if (at < nChars) this.tokens.add(at - nChars);
    this.nBefore -= nChars;
  }

  push({ text, marks = [] }: MarkedText): MarkedPart[] {
    for (const at of marks) this.tokens.add(at);
    this.waiting += text;
    return this.advance(false);
  }

  /** What was waiting for more. */
  end(): MarkedPart[] {
    const parts = this.advance(true);
    const isMarks = !this.said[this.type] && this.hasMark; // nothing but white space came behind a mark
    if (this.space !== '' && !isMarks) parts.push({ type: this.type, text: this.space });
    this.space = '';
    return parts;
  }

  private advance(isEnd: boolean): MarkedPart[] {
    const parts: MarkedPart[] = [];
    this.places.clear();
    for (let found = this.find(isEnd); found; found = this.find(isEnd)) {
      const { at, mark } = found;
      this.say(at, parts);
      if (this.type === 'text' && mark.to === 'thinking' && this.said.text)
        for (const part of this.spaceOfText()) parts.push(part);
      if (mark.to !== this.type) this.space = '';
      this.drop(mark.text.length);
      this.hasMark = this.isFresh = true;
      this.type = mark.to;
    }
    this.say(this.waiting.length - (isEnd ? 0 : this.nHeld()), parts);
    return parts;
  }

  /** The first mark in the text that waits, the longest at its place. */
  private find(isEnd: boolean): { at: number; mark: Wanted } | undefined {
    let found: { at: number; mark: Wanted } | undefined;
    for (const mark of this.wanted) {
      if (mark.inside !== this.type) continue;
      const at = this.placeOf(mark, isEnd);
      if (at === Infinity || (found && at > found.at)) continue;
      if (!found || at < found.at || mark.text.length > found.mark.text.length) found = { at, mark };
    }
    return found;
  }

  /** Where a mark stands in the text that waits; Infinity where it does not. A long text with many marks is searched once for each of them. */
  private placeOf(mark: Wanted, isEnd: boolean): number {
    const { waiting, nBefore, places } = this;
    const next = (from: number): number => {
      const at = waiting.indexOf(mark.text, from);
      return at < 0 ? Infinity : at;
    };
    const known = places.get(mark) ?? -Infinity;
    let at = known < nBefore ? next(0) : known - nBefore;
    places.set(mark, nBefore + at); // whether it counts is seen each time: that changes with what was said before it
    while (at < Infinity && !(this.counts(mark, at) && (isEnd || mark.only !== 'last')))
      at = mark.only === 'first' ? Infinity : next(at + 1);
    return at;
  }

  /** Whether the first `nChars` of a mark that stand at a place may be the mark. */
  private counts({ text, tokensAt, only, to, inside }: Wanted, at: number, nChars = text.length): boolean {
    const isSpelled = this.isHeld && !this.isBefore && tokensAt.length === 0 && to === 'thinking' && inside === 'text';
    if (isSpelled && !(this.mayThink && isBlank(this.waiting.slice(0, at)))) return false;
    if (only === 'first' && (this.said.text || !isBlank(this.waiting.slice(0, at)))) return false;
    if (only === 'last' && !isBlank(this.waiting.slice(at + nChars))) return false;
    return tokensAt.every((offset) => offset >= nChars || this.tokens.has(this.nBefore + at + offset));
  }

  /** How many of the last characters may be a mark, once more has come. */
  private nHeld(): number {
    const { waiting } = this;
    let nHeld = 0;
    for (const mark of this.wanted) {
      if (mark.inside !== this.type) continue;
      const last = mark.only === 'last' ? waiting.lastIndexOf(mark.text) : -1;
      if (last >= 0 && this.counts(mark, last)) nHeld = Math.max(nHeld, waiting.length - last);
      for (let n = Math.min(mark.text.length - 1, waiting.length); n > nHeld; n--)
        if (mark.text.startsWith(waiting.slice(-n)) && this.counts(mark, waiting.length - n, n)) nHeld = n;
    }
    return nHeld;
  }

  /** Hands on the first characters of the text that waits, but for white space at their end. */
  private say(nChars: number, parts: MarkedPart[]): void {
    const begin = Math.min(this.nTold, nChars);
    const text = this.waiting.slice(begin, nChars);
    const places = this.hasCalls ? this.placesFrom(this.nBefore + begin) : [];
    this.drop(nChars);
    const end = endOfWords(text);
    if (end > 0) {
      const isBegun = this.said[this.type] || !this.hasMark;
      const said = text.slice(0, end);
      const told = isBegun ? this.space + said : said.replace(leading, '');
      const marks = places.filter((at) => at < end).map((at) => at + told.length - said.length);
      parts.push({ type: this.type, text: told, ...(marks.length > 0 && { marks }) });
      this.space = '';
    }
    this.space += text.slice(end);
    if (end === 0) return;
    this.said[this.type] = true;
    if (this.type === 'text') this.mayThink = false;
    this.isFresh = false;
  }

  /** Where tokens stand, counted from a place on. */
  private placesFrom(begin: number): number[] {
    return [...this.tokens].filter((at) => at >= begin).map((at) => at - begin);
  }

  private spaceOfText(): SaidPart[] {
    return this.space === '' ? [] : [{ type: 'text', text: this.space }];
  }

  private drop(nChars: number): void {
    for (const at of this.tokens) if (at < this.nBefore + nChars) this.tokens.delete(at);
    this.waiting = this.waiting.slice(nChars);
    this.nBefore += nChars;
    this.nTold = Math.max(0, this.nTold - nChars);
  }
}
