/** Markdown that a model wrote, shown while it is written. */
export type { MarkdownOptions, MarkdownView, MarkdownWords } from './types.ts';
export { createMarkdownView } from './view.ts';
