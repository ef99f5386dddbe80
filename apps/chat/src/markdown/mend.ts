/**
 * The end of a text that is still being written, as it will probably look. Marks that are open are closed, and marks of which nobody knows yet
 * what they will be are held back: so nothing jumps while a model writes. What is written already stays as it is.
 */

/** A line of marks alone: a list's, a heading's, a fence's or a rule's beginning, or the end of a fence. */
const marksAlone = /(^|\n)[ \t]*(?:[-*+=_>]{1,3}|#{1,6}|\d{1,9}[.)]?|`{1,2}|~{1,2}|\$|\\)[ \t]*$/;

export function mended(text: string): string {
  const inFence = openFence(text);
  if (inFence !== undefined) return text.replace(/\n[ \t]*(`{1,2}|~{1,2})$/, '');
  const held = text.replace(marksAlone, '$1');
  const begin = lastParagraph(held);
  if (/^ {0,3}(\$\$|\\\[)/.test(held.slice(begin))) return held; // a formula
  return held.slice(0, begin) + mendedTable(mendedInline(held.slice(begin)));
}

/** The fence that is open at the end, if any. */
function openFence(text: string): string | undefined {
  let open: string | undefined;
  for (const [, fence = '', rest = ''] of text.matchAll(/^(?:[ \t]|[-*+>] ?|\d{1,9}[.)] ?)*(`{3,}|~{3,})(.*)$/gm)) {
    if (open === undefined) open = fence[0] === '`' && rest.includes('`') ? undefined : fence;
    else if (fence.startsWith(open) && rest.trim() === '') open = undefined;
  }
  return open;
}

/** Where the paragraph, list item or row begins that is being written. */
function lastParagraph(text: string): number {
  const blank = text.lastIndexOf('\n\n');
  return blank < 0 ? 0 : blank + 2;
}

interface Mark {
  readonly text: string;
  /** An opened one with nothing behind it. */
  readonly empty: RegExp;
}

const marks: readonly Mark[] = [
  { text: '**', empty: /\*\*$/ },
  { text: '__', empty: /__$/ },
  { text: '~~', empty: /~~$/ },
  { text: '*', empty: /\*$/ },
];

function mendedInline(text: string): string {
  const codes = text.match(/`+/g) ?? [];
  if (codes.length % 2 === 1) {
    const open = codes.at(-1)!;
    return text.endsWith(open) ? text.slice(0, -open.length) : text + open;
  }
  let mendedText = text
    .replace(/!?\[([^[\]\n]*)\]\([^()\s]*(?:\([^()\s]*)?$/, '$1') // an address that is not there yet
    .replace(/\\[([][^\n]*$/, (open) => (/\\[)\]]/.test(open) ? open : '')) // a formula
    .replace(/(\*{1,3}|_{2,3}|~~|\[|\\)$/, (open) => (closes(text, open) ? open : ''));
  for (const { text: mark, empty } of marks) {
    if (!isOpen(mendedText, mark)) continue;
    const bare = mendedText.trimEnd();
    mendedText = empty.test(bare) ? bare.replace(empty, '') : bare + mark;
  }
  return mendedText;
}

/** Whether marks at the end close what was opened before. */
const closes = (text: string, mark: string): boolean =>
  mark !== '[' && mark !== '\\' && isOpen(text.slice(0, -mark.length), mark.slice(0, 2) === '**' ? '**' : mark);

/** Whether a mark opens a word and nothing closes it; code and `*` of lists do not count. */
function isOpen(text: string, mark: string): boolean {
  const plain = text
    .replaceAll(/(`+)[\s\S]*?\1/g, '')
    .replaceAll(/^[ \t]*[*+-] /gm, '')
    .replaceAll(/\\./g, '');
  const doubled = mark.length === 1 ? plain.replaceAll('**', '') : plain;
  let open = false;
  for (let at = doubled.indexOf(mark); at >= 0; at = doubled.indexOf(mark, at + mark.length)) {
    const [before = ' ', after = ' '] = [doubled[at - 1], doubled[at + mark.length]];
    if (open ? /\S/.test(before) : /\S/.test(after)) open = !open;
  }
  return open;
}

/** A table's head, before the row below it is whole: that row is made up. */
function mendedTable(text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const first = lines.findIndex((line) => /^\s*\|/.test(line));
  const [head, rule, ...rows] = first < 0 ? [] : lines.slice(first);
  if (head === undefined || rows.length > 0 || !/^[\s|:-]*$/.test(rule ?? '')) return text;
  const nCells = head
    .replace(/^\s*\|/, '')
    .replace(/\|\s*$/, '')
    .split('|').length;
  if (/^\s*\|\s*$/.test(head)) return lines.slice(0, first).join('\n');
  return [...lines.slice(0, first), head, `|${'---|'.repeat(nCells)}`].join('\n');
}
