/** Words of the page's language. */
export interface MarkdownWords {
  readonly copy: string;
  readonly copied: string;
  /** Of a code block whose language nobody names. */
  readonly code: string;
  readonly table: string;
}

export interface MarkdownOptions {
  readonly words?: Partial<MarkdownWords>;
  /** Copies a code block; absent: the browser's clipboard. */
  readonly copy?: (text: string) => Promise<void>;
}

/**
 * Shows a text in an element. Texts are untrusted. What is in the page has these classes, and no styles of its own:
 * `.md-code` (figure) with `.md-code-head` (`.md-code-language`, button `.md-code-copy`) and `pre > code`, in which `.hljs-*` are coloured;
 * `.md-table`, a region that scrolls, around `table`, whose cells may be `.md-center` or `.md-right`; `.md-math` around `math` or, before it
 * can be drawn, `code`, with `.md-math-block` where it stands alone; `.md-image` for the words of an image, which is never loaded.
 */
export interface MarkdownView {
  /** Shows all of the text so far, at the next frame, or at once where the text `isWhole`. What changed alone is parsed again. */
  update(text: string, options?: { readonly isWhole?: boolean }): void;
  destroy(): void;
}
