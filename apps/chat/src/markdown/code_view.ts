/** A code block in the page: its language, a button that copies it, its text in colours. */
import type { Highlighter } from './highlight.ts';
import type { MarkdownWords } from './types.ts';

/** A block that grows is coloured in parts of so many characters, of which only the last is done again. */
const partLength = 4_000;

export interface CodeText {
  readonly text: string;
  readonly language: string;
  /** The block's end has not come yet. */
  readonly isOpen: boolean;
}

/** `figure > figcaption, pre > code` */
export function codeFigure(language: string, words: MarkdownWords): { figure: HTMLElement; code: HTMLElement } {
  const figure = element('figure', 'md-code');
  const head = element('figcaption', 'md-code-head');
  const name = element('span', 'md-code-language');
  name.textContent = language || words.code;
  const button = element('button', 'md-code-copy');
  button.setAttribute('type', 'button');
  button.textContent = words.copy;
  head.append(name, button);
  const pre = element('pre');
  pre.dir = 'ltr';
  pre.tabIndex = 0; // it scrolls
  const code = element('code');
  pre.append(code);
  figure.append(head, pre);
  return { figure, code };
}

function element(name: string, className?: string): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  return made;
}

export class CodeView {
  readonly element: HTMLElement;
  private readonly code: HTMLElement;
  private readonly highlighter: Highlighter;
  private readonly language: string;
  /** Parts of the text that are in the page for good, one span each. */
  private nDone = 0;
  private shown: CodeText | undefined;

  constructor(language: string, words: MarkdownWords, highlighter: Highlighter) {
    const { figure, code } = codeFigure(language, words);
    this.element = figure;
    this.code = code;
    this.highlighter = highlighter;
    this.language = language;
  }

  /** Whether the view can go on with the text. */
  takes({ text, language }: CodeText): boolean {
    return language === this.language && text.startsWith(this.shown?.text.slice(0, this.nDone) ?? '');
  }

  update(wanted: CodeText): void {
    if (this.shown?.text === wanted.text && this.shown.isOpen === wanted.isOpen) return;
    this.shown = wanted;
    this.show(wanted);
  }

  /** What it takes to colour has come. */
  refresh(): void {
    if (!this.shown) return;
    this.nDone = 0;
    this.code.replaceChildren();
    this.show(this.shown);
  }

  private show({ text, isOpen }: CodeText): void {
    if (!isOpen) return this.showWhole(text);
    for (let end = this.partEnd(text); end < text.length; end = this.partEnd(text)) {
      this.showLast(text.slice(this.nDone, end));
      this.code.append(document.createElement('span'));
      this.nDone = end;
    }
    this.showLast(text.slice(this.nDone));
  }

  private showWhole(text: string): void {
    this.nDone = text.length;
    this.code.replaceChildren(this.highlighter.highlighted(text, this.language) ?? text);
  }

  private partEnd(text: string): number {
    const newline = text.indexOf('\n', this.nDone + partLength);
    return newline < 0 ? text.length : newline + 1;
  }

  private showLast(text: string): void {
    const last = this.code.lastElementChild ?? this.code.appendChild(document.createElement('span'));
    last.replaceChildren((text.length < 2 * partLength && this.highlighter.highlighted(text, this.language)) || text);
  }
}
