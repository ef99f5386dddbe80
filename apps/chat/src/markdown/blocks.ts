/** A text as blocks: paragraphs, lists, tables, code. */
import { Lexer, Marked, type Token } from 'marked';
import { mathSyntax } from './math_syntax.ts';

export interface Block {
  /** What it was parsed from. */
  readonly raw: string;
  readonly token: Token;
}

export const growingSyntax = new Marked({ extensions: mathSyntax(true) });
const wholeSyntax = new Marked({ extensions: mathSyntax(false) });

/** Addresses that are given apart: `[name]: https://…`. */
export type Links = Lexer['tokens']['links'];

/** @param links known ones; those of the text are added */
export function lex(text: string, { defaults }: Marked, links: Links = {}): Token[] {
  try {
    const lexer = new Lexer(defaults);
    Object.assign(lexer.tokens.links, links);
    const tokens = lexer.lex(text);
    Object.assign(links, lexer.tokens.links);
    return tokens;
  } catch {
    return [{ type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text }] }]; // nested too deeply
  }
}

/** Whether there is nothing to show. */
export const isEmpty = ({ type }: Token): boolean => type === 'space' || type === 'def';

export const blockOf = (token: Token): Block => ({ raw: token.raw, token });

/** marked counts in these. */
export const plainNewlines = (text: string): string => (text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text);

export const wholeBlocks = (text: string): Block[] =>
  lex(plainNewlines(text), wholeSyntax)
    .filter((token) => !isEmpty(token))
    .map(blockOf);
