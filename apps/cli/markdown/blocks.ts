/** What kind of line begins, by what is written of it so far. */

/** The list items that a line may belong to, the outermost first. */
export interface Item {
  /** Column of the mark in the source, and of its text on the screen. */
  readonly indent: number;
  readonly shown: number;
}

export type LineStart =
  | { readonly kind: 'blank' }
  | { readonly kind: 'text'; readonly indent: number; readonly rest: string }
  | { readonly kind: 'heading'; readonly level: number; readonly rest: string }
  | { readonly kind: 'item'; readonly indent: number; readonly mark: string; readonly rest: string }
  | { readonly kind: 'fence'; readonly indent: number; readonly fence: string; readonly language: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'row'; readonly indent: number; readonly rest: string };

const tabColumns = 4;

/** Nothing as long as more text decides. */
export function startOf(line: string, isWhole: boolean): LineStart | undefined {
  const rest = line.trimStart();
  const indent = line.slice(0, line.length - rest.length).replaceAll('\t', ' '.repeat(tabColumns)).length;
  if (rest === '') return isWhole ? { kind: 'blank' } : undefined;
  const isOpen = !isWhole && undecided.some((pattern) => pattern.test(rest));
  if (isOpen) return undefined;
  const found = (pattern: RegExp) => pattern.exec(rest);
  const fence = found(/^(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/);
  if (fence) return { kind: 'fence', indent, fence: fence[1]!, language: fence[2]! };
  const heading = found(/^(#{1,6})(?:\s+|$)/);
  if (heading) return { kind: 'heading', level: heading[1]!.length, rest: rest.slice(heading[0].length) };
  if (found(/^(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/)) return { kind: 'rule' };
  const item = found(/^([-+*]|\d{1,9}[.)])(?:\s+|$)(\[[ xX]\]\s+)?/);
  if (item) return { kind: 'item', indent, mark: shownMark(item[1]!, item[2]), rest: rest.slice(item[0].length) };
  if (rest.startsWith('|')) return { kind: 'row', indent, rest };
  return { kind: 'text', indent, rest };
}

/** Beginnings that could still become one thing or another. */
const undecided: readonly RegExp[] = [
  /^#{1,6}\s*$/,
  /^(?:`{1,2}|~{1,2})$/,
  /^(?:`{3,}[^`]*|~{3,}.*)$/,
  /^(?:[*\s]+|[-\s]+|[_\s]+|\+\s*)$/,
  /^\d{1,9}(?:[.)]\s*)?$/,
  /^(?:[-+*]|\d{1,9}[.)])\s+\[(?:[ xX](?:\]\s*)?)?$/,
  /^\|$/,
];

function shownMark(mark: string, task: string | undefined): string {
  if (task) return /x/i.test(task) ? '☑' : '☐';
  return /\d/.test(mark) ? mark : '•';
}

/** `> ` in front of a line: how many, and what follows; nothing as long as more text decides. */
export function quoteOf(line: string, isWhole: boolean): { readonly depth: number; readonly rest: string } | undefined {
  const marks = /^(?: {0,3}> ?)*/.exec(line)![0];
  const rest = line.slice(marks.length);
  if (!isWhole && /^ {0,3}$/.test(rest)) return undefined;
  return { depth: marks.replaceAll(' ', '').length, rest };
}

/** The items that a line with this indent is inside of. A new item at the same column takes the place of the old one. */
export function itemsAround(items: readonly Item[], indent: number, isItem: boolean): Item[] {
  return items.filter((item) => indent >= item.indent + (isItem ? 2 : 1));
}
