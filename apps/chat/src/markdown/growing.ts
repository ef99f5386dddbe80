/** The blocks of a text that grows. Only the last ones are parsed again, and long ones in parts. */
import type { Token } from 'marked';
import { blockOf, growingSyntax, isEmpty, lex, plainNewlines, type Block, type Links } from './blocks.ts';
import { cut, longBlock, type Piece } from './cut.ts';
import { mended } from './mend.ts';

export interface GrowingBlocks {
  /** All blocks. Those before `nKept` are the ones of the last call. */
  update(text: string): { readonly blocks: readonly Block[]; readonly nKept: number };
}

interface State {
  /** Blocks that what comes cannot change, and the text that they were parsed from. */
  readonly kept: Block[];
  text: string;
  /** The first two rows of a table that was cut: the rows that come belong to it. */
  head: string;
  readonly links: Links;
  /** Up to here an open fence is known not to end. */
  nSearched: number;
}

const emptyState = (): State => ({ kept: [], text: '', head: '', links: {}, nSearched: 0 });

export function growingBlocks(): GrowingBlocks {
  let state = emptyState();
  return {
    update(given) {
      const text = plainNewlines(given);
      if (!text.startsWith(state.text)) state = emptyState();
      const nKept = state.kept.length;
      const rest = text.slice(state.text.length);
      const code = openCode(rest, state);
      if (code) return { blocks: [...state.kept, blockOf(code)], nKept };
      const pieces = parse(rest, state).map((piece) => ({ ...piece, block: blockOf(piece.token) }));
      const shown = pieces.filter(({ token }) => !isEmpty(token)).map(({ block }) => block);
      const blocks = [...state.kept, ...shown];
      keep(state, rest, pieces.slice(0, nFinished(pieces)));
      return { blocks, nKept };
    },
  };
}

/** Code goes on until its fence ends: it is not parsed. Short code takes the other way. */
function openCode(rest: string, state: State): Token | undefined {
  const [first, fence, info] = rest.length < longBlock ? [] : (/^(`{3,}|~{3,})([^\n`]*)\n/.exec(rest) ?? []);
  if (first === undefined || fence === undefined) return undefined;
  const end = new RegExp(`\\n {0,3}${fence}+[ \\t]*(?:\\n|$)`, 'g');
  end.lastIndex = Math.max(first.length - 1, state.nSearched);
  if (end.test(rest)) return undefined;
  const lastLine = rest.lastIndexOf('\n');
  state.nSearched = lastLine;
  const isHeldBack = /^\n {0,3}[`~]{1,2}$/.test(rest.slice(lastLine, lastLine + 7));
  const text = rest.slice(first.length, isHeldBack && lastLine >= first.length ? lastLine : undefined);
  return { type: 'code', raw: rest, lang: info!.trim(), text };
}

function parse(rest: string, { head, links }: State): Piece[] {
  const tokens = lex(head + mended(rest), growingSyntax, links);
  const [first] = tokens;
  if (head === '' || first?.type !== 'table') return tokens.flatMap((token) => cut(token));
  const raw = first.raw.slice(head.length);
  return [...(raw.trim() === '' ? [] : [{ ...first, raw }]), ...tokens.slice(1)].flatMap((token, i) =>
    cut(token, i === 0 ? head : ''),
  );
}

/**
 * What comes cannot change tokens before the last two that show something (`1. a`, and `2` that will be `2. b`), or up to one that is done.
 */
function nFinished(pieces: readonly Piece[]): number {
  let last = pieces.length;
  for (let nOpen = 0; nOpen < 2 && last > 0;) if (!isEmpty(pieces[--last]!.token)) nOpen++;
  return Math.max(last, pieces.slice(0, -1).findLastIndex(({ isDone }) => isDone) + 1);
}

function keep(state: State, rest: string, pieces: readonly (Piece & { readonly block: Block })[]): void {
  let end = 0;
  for (const { token, block, head } of pieces) {
    if (!rest.startsWith(token.raw, end)) break;
    end += token.raw.length;
    if (!isEmpty(token)) state.kept.push(block);
    state.head = head;
  }
  if (end > 0) state.nSearched = 0;
  state.text += rest.slice(0, end);
}
