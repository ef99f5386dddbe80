/** Formulas between `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, for marked. */
import type { TokenizerExtension, Tokens } from 'marked';

export interface MathToken extends Tokens.Generic {
  readonly type: 'math';
  readonly raw: string;
  readonly tex: string;
  readonly isBlock: boolean;
  /** The end has not come yet. */
  readonly isOpen: boolean;
}

interface Form {
  readonly pattern: RegExp;
  readonly isBlock: boolean;
}

const inlineForms: readonly Form[] = [
  { pattern: /^\$\$([^$]+?)\$\$/, isBlock: true },
  { pattern: /^\\\[([\s\S]+?)\\\]/, isBlock: true },
  { pattern: /^\\\(([\s\S]+?)\\\)/, isBlock: false },
  { pattern: /^\$(?![\s$])((?:\\.|[^$\\\n])*?(?:\\.|[^$\\\s]))\$(?![\d$])/, isBlock: false },
];

/** `$5 and 10$` are prices. */
const price = /^\d[\d.,]*\s+[\p{L}]{2,}/u;

const blockForms: readonly Form[] = [
  { pattern: /^ {0,3}\$\$([^$]+?)\$\$[ \t]*(?:\n+|$)/, isBlock: true },
  { pattern: /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n+|$)/, isBlock: true },
];

const openForms: readonly Form[] = [
  { pattern: /^ {0,3}\$\$([^$]*)\$?$/, isBlock: true },
  { pattern: /^ {0,3}\\\[((?:(?!\\\])[\s\S])*)$/, isBlock: true },
];

function match(source: string, forms: readonly Form[], isOpen: boolean): MathToken | undefined {
  for (const { pattern, isBlock } of forms) {
    const found = pattern.exec(source);
    if (!found || price.test(found[1]!)) continue;
    return { type: 'math', raw: found[0], tex: found[1]!.trim(), isBlock, isOpen };
  }
  return undefined;
}

/** @param isGrowing takes a formula that has no end yet for one */
export const mathSyntax = (isGrowing: boolean): TokenizerExtension[] => [
  {
    name: 'math',
    level: 'block',
    start: (source) => /(?:^|\n) {0,3}(?:\$\$|\\\[)/.exec(source)?.index,
    tokenizer: (source) => match(source, blockForms, false) ?? (isGrowing ? match(source, openForms, true) : undefined),
  },
  {
    name: 'inlineMath',
    level: 'inline',
    start: (source) => /\$|\\[([]/.exec(source)?.index,
    tokenizer: (source) => match(source, inlineForms, false),
  },
];
