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

/** Marks that may open something: marked looks for the end of each through all that follows. */
const mark = /[*_~[<$\\`]/g;
/** No paragraph that people read has so many. */
const mostMarks = 600;

/** Cuts text that is all marks, so that the time it takes grows with its length alone. */
class BoundedLexer extends Lexer {
  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    let nMarks = 0;
    let begin = 0;
    for (const { index } of src.matchAll(mark)) {
      if (++nMarks % mostMarks !== 0) continue;
      super.inlineTokens(src.slice(begin, index), tokens);
      begin = index;
    }
    return super.inlineTokens(src.slice(begin), tokens);
  }
}

export const lexInline = (text: string, { defaults }: Marked): Token[] => new BoundedLexer(defaults).inlineTokens(text);

/** Addresses that are given apart: `[name]: https://…`. */
export type Links = Lexer['tokens']['links'];

/** @param links known ones; those of the text are added */
export function lex(text: string, { defaults }: Marked, links: Links = {}): Token[] {
  try {
    const lexer = new BoundedLexer(defaults);
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
