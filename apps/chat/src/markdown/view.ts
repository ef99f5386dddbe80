import type { Token, Tokens } from 'marked';
import { wholeBlocks, type Block } from './blocks.ts';
import { codeFigure, CodeView } from './code_view.ts';
import { isOpenCode } from './cut.ts';
import { growingBlocks, type GrowingBlocks } from './growing.ts';
import { createHighlighter, type Highlighter } from './highlight.ts';
import { htmlMaker, type HtmlMaker } from './html.ts';
import { createMathDrawer, type MathDrawer } from './math.ts';
import { morph } from './morph.ts';
import { sanitized } from './sanitize.ts';
import type { MarkdownOptions, MarkdownView, MarkdownWords } from './types.ts';

const english: MarkdownWords = { copy: 'Copy', copied: 'Copied', code: 'code', table: 'Table' };

/** A block, and what shows it. */
interface Shown {
  block: Block;
  readonly element: Element;
  readonly code: CodeView | undefined;
}

/** Of the time that passes, showing takes a quarter at most. */
const restShare = 3;

export function createMarkdownView(container: HTMLElement, options: MarkdownOptions = {}): MarkdownView {
  const words = { ...english, ...options.words };
  const page = new BlockPage(container, words);
  const stopCopying = copyOnClick(container, words, options.copy ?? ((text) => navigator.clipboard.writeText(text)));
  let wanted: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;
  let restUntil = 0;
  const show = (): void => {
    if (wanted === undefined) return;
    const start = performance.now();
    page.showGrowing(wanted);
    const now = performance.now();
    restUntil = now + restShare * (now - start);
    wanted = undefined;
  };
  const cancel = (): void => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    timer = undefined;
    frame = 0;
    wanted = undefined;
  };
  const soon = (): void => {
    timer = undefined;
    frame = requestAnimationFrame(() => {
      frame = 0;
      show();
    });
  };
  return {
    update(text, { isWhole = false } = {}) {
      if (isWhole) {
        cancel();
        return page.showWhole(text);
      }
      wanted = text;
      if (timer === undefined && frame === 0) timer = setTimeout(soon, Math.max(0, restUntil - performance.now()));
    },
    destroy() {
      cancel();
      stopCopying();
      page.clear();
    },
  };
}

/** The blocks of a text as elements. */
class BlockPage {
  private readonly container: HTMLElement;
  private readonly words: MarkdownWords;
  private readonly html: HtmlMaker;
  private readonly highlighter: Highlighter;
  private readonly math: MathDrawer;
  private shown: Shown[] = [];
  private growing: GrowingBlocks | undefined;
  private isClosed = false;

  constructor(container: HTMLElement, words: MarkdownWords) {
    this.container = container;
    this.words = words;
    this.html = htmlMaker(words);
    this.highlighter = createHighlighter(() => this.refresh('pre'));
    this.math = createMathDrawer(() => this.refresh('.md-math'));
  }

  showGrowing(text: string): void {
    this.growing ??= growingBlocks();
    const { blocks, nKept } = this.growing.update(text);
    this.show(blocks, Math.min(nKept, this.shown.length), { isOpen: true });
  }

  showWhole(text: string): void {
    this.growing = undefined;
    this.show(wholeBlocks(text), 0, { isOpen: false });
  }

  clear(): void {
    this.isClosed = true;
    this.shown = [];
    this.container.replaceChildren();
  }

  private show(blocks: readonly Block[], nKept: number, { isOpen }: { isOpen: boolean }): void {
    for (let i = nKept; i < blocks.length; i++) {
      const isLast = i === blocks.length - 1;
      this.shown[i] = this.showBlock(this.shown[i], blocks[i]!, isOpen && isLast);
    }
    for (const { element } of this.shown.splice(blocks.length)) element.remove();
  }

  private showBlock(before: Shown | undefined, block: Block, isOpen: boolean): Shown {
    if (block.token.type === 'code') return this.showCode(before, block, isOpen);
    if (before && !before.code && before.block.raw === block.raw && before.block.token.type === block.token.type) {
      before.block = block;
      return before;
    }
    const element = this.elementOf(block.token);
    if (before && !before.code && before.element.tagName === element.tagName) {
      morph(before.element, element);
      before.block = block;
      return before;
    }
    return this.put(before, { block, element, code: undefined });
  }

  private showCode(before: Shown | undefined, block: Block, isLast: boolean): Shown {
    const { text, lang = '' } = block.token as Tokens.Code;
    const language = lang.trim().split(/[\s{]/)[0]!;
    const wanted = { text, language, isOpen: isLast && isOpenCode(block.raw) };
    if (before?.code?.takes(wanted)) {
      before.code.update(wanted);
      before.block = block;
      return before;
    }
    const code = new CodeView(language, this.words, this.highlighter);
    code.update(wanted);
    return this.put(before, { block, element: code.element, code });
  }

  private put(before: Shown | undefined, now: Shown): Shown {
    if (before) before.element.replaceWith(now.element);
    else this.container.append(now.element);
    return now;
  }

  private elementOf(token: Token): Element {
    const fragment = sanitized(this.html.html(token));
    this.enrich(fragment);
    const [first, ...rest] = fragment.children;
    if (first && rest.length === 0) return first;
    const around = document.createElement('p'); // HTML that the model wrote
    around.dir = 'auto';
    around.append(fragment);
    return around;
  }

  /** Code and formulas inside of a block. */
  private enrich(fragment: DocumentFragment): void {
    for (const code of fragment.querySelectorAll<HTMLElement>('pre > code')) {
      const language = code.dataset['language'] ?? '';
      const text = code.textContent ?? '';
      const made = codeFigure(language, this.words);
      made.code.append(this.highlighter.highlighted(text, language) ?? text);
      code.parentElement!.replaceWith(made.figure);
    }
    for (const formula of fragment.querySelectorAll<HTMLElement>('.md-math:not(.md-math-open)')) {
      const drawn = this.math.drawn(formula.dataset['tex'] ?? '', formula.classList.contains('md-math-block'));
      if (drawn) formula.replaceChildren(drawn);
    }
  }

  /** Shows again what waited for something to be loaded. */
  private refresh(selector: string): void {
    if (this.isClosed) return;
    for (const [i, { block, element, code }] of this.shown.entries()) {
      if (code) code.refresh();
      else if (element.matches(selector) || element.querySelector(selector))
        this.shown[i] = this.put(this.shown[i], { block, element: this.elementOf(block.token), code: undefined });
    }
  }
}

const copiedMs = 2_000;

/** One listener for all code blocks, those to come too. @returns what ends it */
function copyOnClick(container: HTMLElement, words: MarkdownWords, copy: (text: string) => Promise<void>): () => void {
  const onClick = async ({ target }: Event): Promise<void> => {
    const button = target instanceof Element ? target.closest('.md-code-copy') : null;
    const code = button?.closest('.md-code')?.querySelector('pre');
    if (!button || !code) return;
    await copy(code.textContent ?? '');
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), copiedMs);
  };
  const listener = (event: Event) => void onClick(event).catch(() => undefined);
  container.addEventListener('click', listener);
  return () => container.removeEventListener('click', listener);
}
