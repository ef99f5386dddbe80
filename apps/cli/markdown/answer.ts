/** An answer on a terminal: its thoughts dim, the rest as Markdown, and nothing in it that could take the terminal over. */
import type { SaidPart } from '../../../src/index.ts';
import { harmless } from '../terminal.ts';
import { rowText } from './cells.ts';
import { Markdown } from './markdown.ts';
import { PlainText } from './plain.ts';

export interface AnswerOptions {
  readonly columns: () => number;
  readonly hasStyles: boolean;
  /** No Markdown: text as it is. */
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
  private type: SaidPart['type'] = 'text';
  /** Half of a line break or of a character. */
  private waiting = '';
  /** This part has said something. */
  private hasWords = false;

  constructor(options: AnswerOptions) {
    this.options = options;
    this.markdown = this.open();
  }

  push({ type, text }: SaidPart): AnswerRows {
    const done = type === this.type ? [] : this.turnTo(type);
    this.waiting += text;
    this.write(this.waiting.length - (isHalf(this.waiting) ? 1 : 0));
    return this.rows(done);
  }

  /** Another part begins, below the one before. Returns the rows that this ends with. */
  private turnTo(type: SaidPart['type']): string[] {
    this.write(this.waiting.length);
    this.markdown.end();
    const { done } = this.rows([]);
    if (this.hasWords) done.push('');
    this.hasWords = false;
    this.type = type;
    this.markdown = this.open();
    return done;
  }

  finish(): AnswerRows {
    this.write(this.waiting.length);
    this.markdown.end();
    return this.rows([]);
  }

  resize(): AnswerRows {
    this.markdown.resize();
    return this.rows([]);
  }

  private rows(done: string[]): AnswerRows {
    const text = (row: Parameters<typeof rowText>[0]) => rowText(row, this.options.hasStyles);
    return { done: [...done, ...this.markdown.take().map(text)], open: this.markdown.open().map(text) };
  }

  private write(nChars: number): void {
    const text = harmless(this.waiting.slice(0, nChars));
    this.waiting = this.waiting.slice(nChars);
    this.hasWords ||= text.trim() !== '';
    this.markdown.push(text.replaceAll('\t', '    '));
  }

  private open(): Markdown | PlainText {
    if (this.options.isPlain) return new PlainText(this.options);
    return new Markdown({ ...this.options, style: this.type === 'text' ? '' : '2' });
  }
}

/** Half of a line break or of a character. */
const isHalf = (text: string): boolean => /[\r\ud800-\udbff]$/.test(text);
