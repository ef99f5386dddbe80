/**
 * A block that grows long is cut where that hardly shows, so that an update costs the same however long the answer is. When the answer is whole,
 * it is shown without cuts.
 */
import type { Token, Tokens } from 'marked';
import { growingSyntax, lexInline } from './blocks.ts';

export const longBlock = 6_000;

export interface Piece {
  readonly token: Token;
  /** What comes cannot change it. */
  readonly isDone: boolean;
  /** Of a table's finished rows: the rows that belong before those that come. */
  readonly head: string;
}

/** @param head the first rows of a table, where they are not part of its `raw` */
export function cut(token: Token, head = ''): Piece[] {
  if (token.type === 'code') return [{ token, isDone: isFenced(token.raw) && !isOpenCode(token.raw), head: '' }];
  const isLong = token.raw.length >= longBlock;
  const parts = isLong ? (cutters[token.type]?.(token, head) ?? [token]) : [token];
  const tableHead = token.type === 'table' && parts.length > 1 ? head || firstRows(token.raw) : '';
  return parts.map((part, i) => ({
    token: part,
    isDone: i < parts.length - 1,
    head: i < parts.length - 1 ? tableHead : '',
  }));
}

const fence = /^ {0,3}(`{3,}|~{3,})/;
const isFenced = (raw: string): boolean => fence.test(raw);

/** Whether a fence's end has not come yet. */
export function isOpenCode(raw: string): boolean {
  const [, mark] = fence.exec(raw) ?? [];
  if (mark === undefined) return false;
  const trimmed = raw.trimEnd();
  const lastLine = trimmed.slice(trimmed.lastIndexOf('\n') + 1).trim();
  return !trimmed.includes('\n') || !lastLine.startsWith(mark) || lastLine.replaceAll(mark[0]!, '') !== '';
}

const cutters: Readonly<Record<string, (token: Token, head: string) => Token[]>> = {
  list: (token) => cutList(token as Tokens.List),
  paragraph: (token) => cutParagraph(token as Tokens.Paragraph),
  table: (token, head) => cutTable(token as Tokens.Table, head),
};

/** All items but the last two are done. */
function cutList(list: Tokens.List): Token[] {
  const [done, open] = [list.items.slice(0, -2), list.items.slice(-2)];
  const raw = done.map((item) => item.raw).join('');
  if (done.length === 0 || !list.raw.startsWith(raw)) return [list];
  const begin = Number(list.start);
  return [
    { ...list, raw, items: done },
    { ...list, raw: list.raw.slice(raw.length), items: open, start: list.ordered ? begin + done.length : '' },
  ];
}

function cutParagraph({ raw }: Tokens.Paragraph): Token[] {
  const parts: Token[] = [];
  for (let begin = 0; begin < raw.length;) {
    const space = raw.lastIndexOf(' ', begin + longBlock);
    const end = raw.length - begin <= longBlock ? raw.length : space > begin ? space + 1 : begin + longBlock;
    const text = raw.slice(begin, end);
    parts.push({ type: 'paragraph', raw: text, text, tokens: lexInline(text, growingSyntax) });
    begin = end;
  }
  return parts;
}

const firstRows = (raw: string): string => /^[^\n]*\n[^\n]*\n/.exec(raw)![0];

/** All rows but the last two are done. */
function cutTable(table: Tokens.Table, head: string): Token[] {
  const nOpen = 2;
  const lines = table.raw.split(/(?<=\n)/);
  const nHead = head === '' ? 2 : 0;
  const nDone = table.rows.length - nOpen;
  if (nDone < 1 || lines.length < nHead + table.rows.length) return [table];
  const raw = lines.slice(0, nHead + nDone).join('');
  return [
    { ...table, raw, rows: table.rows.slice(0, nDone) },
    { ...table, raw: table.raw.slice(raw.length), rows: table.rows.slice(nDone) },
  ];
}
