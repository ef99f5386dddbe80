/** An answer on a terminal: its thoughts dim, the rest as Markdown, and nothing in it that could take the terminal over. */
import { harmless } from '../terminal.ts';
import { rowText } from './cells.ts';
import { Markdown } from './markdown.ts';
import { PlainText } from './plain.ts';

/** What models put around their thoughts. */
const thoughtMarks: readonly (readonly [begin: string, end: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['[THINK]', '[/THINK]'],
];

export interface AnswerOptions {
  readonly columns: () => number;
  readonly hasStyles: boolean;
  /** The template has opened the thoughts already. */
  readonly isThinking?: boolean;
  /** No Markdown, no thoughts: text as it is. */
  readonly isPlain?: boolean;
}

/** Rows for the screen: those that are done are handed over once, the open ones may still change. */
export interface AnswerRows {
  readonly done: string[];
  readonly open: string[];
}

export class AnswerText {
  private readonly options: AnswerOptions;
  private markdown: Markdown | PlainText;
  /** Text whose meaning depends on what comes next: the part of a mark, or half of a line break. */
  private waiting = '';
  /** The mark that ends the thoughts; undefined outside of them. */
  private end: string | undefined;
  private isAtStart: boolean;
  private saidThoughts = false;

  constructor(options: AnswerOptions) {
    this.options = options;
    this.isAtStart = !options.isPlain;
    if (options.isThinking) this.end = thoughtMarks[0]![1];
    this.markdown = this.open();
  }

  push(piece: string): AnswerRows {
    this.waiting += piece;
    return this.rows(this.advance(false));
  }

  finish(): AnswerRows {
    const done = this.advance(true);
    this.markdown.end();
    return this.rows(done);
  }

  resize(): AnswerRows {
    this.markdown.resize();
    return this.rows([]);
  }

  private rows(done: string[]): AnswerRows {
    const text = (row: Parameters<typeof rowText>[0]) => rowText(row, this.options.hasStyles);
    return { done: [...done, ...this.markdown.take().map(text)], open: this.markdown.open().map(text) };
  }

  /** Hands on what is certain. Returns the rows that the thoughts end with. */
  private advance(isWhole: boolean): string[] {
    const done: string[] = [];
    if (this.isAtStart && !this.begin(isWhole)) return done;
    if (this.end !== undefined) {
      const at = this.waiting.indexOf(this.end);
      if (at < 0) {
        this.write(isWhole ? this.waiting.length : this.waiting.length - partOf(this.waiting, this.end));
        return done;
      }
      this.write(at);
      this.waiting = this.waiting.slice(this.end.length);
      this.end = undefined;
      this.markdown.end();
      done.push(...this.rows([]).done);
      if (this.saidThoughts) done.push('');
      this.markdown = this.open();
    }
    this.write(this.waiting.length - (isHalf(this.waiting) && !isWhole ? 1 : 0));
    return done;
  }

  /** Whether it is known how the answer begins. */
  private begin(isWhole: boolean): boolean {
    const text = this.waiting.trimStart();
    const marks = thoughtMarks.find(([begin]) => text.startsWith(begin));
    if (!marks && !isWhole && thoughtMarks.some(([begin]) => begin.startsWith(text))) return false;
    this.isAtStart = false;
    if (!marks) return true;
    this.waiting = text.slice(marks[0].length);
    this.end = marks[1];
    this.markdown = this.open();
    return true;
  }

  private write(nChars: number): void {
    const text = harmless(this.waiting.slice(0, nChars));
    this.waiting = this.waiting.slice(nChars);
    if (this.end !== undefined && text.trim() !== '') this.saidThoughts = true;
    this.markdown.push(text.replaceAll('\t', '    '));
  }

  private open(): Markdown | PlainText {
    if (this.options.isPlain) return new PlainText(this.options);
    return new Markdown({ ...this.options, style: this.end === undefined ? '' : '2' });
  }
}

/** How much of the text's end could be the beginning of `mark`. */
function partOf(text: string, mark: string): number {
  for (let n = Math.min(text.length, mark.length - 1); n > 0; n--) if (mark.startsWith(text.slice(-n))) return n;
  return isHalf(text) ? 1 : 0;
}

/** Half of a line break or of a character. */
const isHalf = (text: string): boolean => /[\r\ud800-\udbff]$/.test(text);
