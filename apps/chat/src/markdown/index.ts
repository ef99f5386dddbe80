/** Markdown that a model wrote, shown while it is written. */

/** Words of the page's language, and what the page does. */
export interface MarkdownOptions {
  readonly words?: Partial<MarkdownWords>;
  /** Copies a code block; absent: the clipboard of the browser. */
  readonly copy?: (text: string) => Promise<void>;
}

export interface MarkdownWords {
  readonly copy: string;
  readonly copied: string;
  readonly code: string;
  readonly table: string;
}

/**
 * Shows a text in an element. Texts are untrusted. What is in the page has these classes, and no styles of its own:
 * `.md-code` (figure) with `.md-code-head` (`.md-code-language`, button `.md-code-copy`) and `pre > code`, in which `.hljs-*` are coloured;
 * `.md-table`, a region that scrolls, around `table`; `.md-math` around `math`, with `.md-math-block` where it stands alone; `.md-image` for the
 * words of an image, which is never loaded; links have `target=_blank` and `rel="noopener noreferrer nofollow"`.
 */
export interface MarkdownView {
  /** Shows all of the text so far. What changed alone is parsed again and replaced. */
  update(text: string, options?: { readonly isWhole?: boolean }): void;
  destroy(): void;
}
