/** A text as blocks: paragraphs, lists, tables. While it grows, only its last blocks are parsed again. */
import { Lexer, Marked, type Token, type Tokens } from 'marked';
import { mathSyntax } from './math_syntax.ts';
import { mended } from './mend.ts';

export interface Block {
  /** What it was parsed from. */
  readonly raw: string;
  readonly token: Token;
}

/** A block that grows beyond this is cut where that does not show, so that an update costs the same however long the answer is. */
const longBlock = 6_000;

const growing = new Marked({ extensions: mathSyntax(true) });
const whole = new Marked({ extensions: mathSyntax(false) });

type Links = Lexer['tokens']['links'];

function lex(text: string, { defaults }: Marked, links: Links = {}): Token[] {
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

const isEmpty = ({ type }: Token): boolean => type === 'space' || type === 'def';

/** marked counts in these. */
const plain = (text: string): string => (text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text);

const blockOf = (token: Token): Block => ({ raw: token.raw, token });

export const wholeBlocks = (text: string): Block[] =>
  lex(plain(text), whole)
    .filter((token) => !isEmpty(token))
    .map(blockOf);

export interface GrowingBlocks {
  /** All blocks. Those before `nKept` are the ones of the last call. */
  update(text: string): { readonly blocks: readonly Block[]; readonly nKept: number };
}

export function growingBlocks(): GrowingBlocks {
  const kept: Block[] = [];
  let keptText = '';
  let links: Links = {};
  return {
    update(given) {
      const text = plain(given);
      if (!text.startsWith(keptText)) {
        kept.length = 0;
        keptText = '';
        links = {};
      }
      const nKept = kept.length;
      const rest = text.slice(keptText.length);
      const parsed = lex(mended(rest), growing, links).flatMap(cut);
      const now = parsed.map((piece) => ({ ...piece, block: blockOf(piece.token) }));
      const blocks = [...kept, ...now.filter(({ token }) => !isEmpty(token)).map(({ block }) => block)];
      let end = 0;
      for (const { token, block } of now.slice(0, nFinished(now))) {
        if (!rest.startsWith(token.raw, end)) break;
        end += token.raw.length;
        if (!isEmpty(token)) kept.push(block);
      }
      keptText += rest.slice(0, end);
      return { blocks, nKept };
    },
  };
}

interface Piece {
  readonly token: Token;
  /** Cut off something longer, and finished. */
  readonly isDone: boolean;
}

/** What comes cannot change tokens before the last two that show something (`1. a`, and `2` that will be `2. b`), or before what is done. */
function nFinished(pieces: readonly Piece[]): number {
  let last = pieces.length;
  for (let nOpen = 0; nOpen < 2 && last > 0;) if (!isEmpty(pieces[--last]!.token)) nOpen++;
  return Math.max(last, pieces.findLastIndex(({ isDone }) => isDone) + 1);
}

/** A long list becomes a list of its finished items, and one of the last two; a long paragraph is cut between words. */
function cut(token: Token): Piece[] {
  const parts = token.raw.length < longBlock ? [token] : (cutters[token.type]?.(token) ?? [token]);
  return parts.map((part, i) => ({ token: part, isDone: i < parts.length - 1 }));
}

const cutters: Readonly<Record<string, (token: Token) => Token[]>> = {
  list: (token) => cutList(token as Tokens.List),
  paragraph: (token) => cutParagraph(token as Tokens.Paragraph),
};

function cutList(list: Tokens.List): Token[] {
  const part = (items: Tokens.ListItem[], start: number): Tokens.List => ({
    ...list,
    raw: items.map(({ raw }) => raw).join(''),
    start: list.ordered ? start : '',
    items,
  });
  const [done, open] = [list.items.slice(0, -2), list.items.slice(-2)];
  if (done.length === 0) return [list];
  const begin = Number(list.start);
  const parts = [part(done, begin), part(open, begin + done.length)];
  return parts[0]!.raw + parts[1]!.raw === list.raw ? parts : [list];
}

function cutParagraph({ raw }: Tokens.Paragraph): Token[] {
  const parts: Token[] = [];
  for (let begin = 0; begin < raw.length;) {
    const space = raw.lastIndexOf(' ', begin + longBlock);
    const end = raw.length - begin <= longBlock ? raw.length : space > begin ? space + 1 : begin + longBlock;
    const text = raw.slice(begin, end);
    parts.push({ type: 'paragraph', raw: text, text, tokens: Lexer.lexInline(text, growing.defaults) });
    begin = end;
  }
  return parts;
}
