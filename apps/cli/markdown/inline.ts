/**
 * Emphasis, code and links within one line, as CommonMark has them (section 6), while the line is still being written. What
 * is settled never changes, whatever follows. To make that so, a span reaches at most `spanLimit` characters; and three kinds of
 * marks that models mean literally stay as they are: `2*3*4`, `__init__`, and what is never closed.
 */
import { both, cellsOf, graphemes, type Cell } from './cells.ts';

/** The longest span, in characters of the source. */
const spanLimit = 400;
/** What begins a span that may not close waits unseen this long; then it is shown with its mark. */
const holdLimit = 32;

export const inlineStyles = { code: '36', bold: '1', italic: '3', strike: '9', link: '4', address: '2', mark: '2' };

export interface InlineOptions {
  /** The line ends here. */
  readonly isWhole: boolean;
  /** The character in front of the text, if any. */
  readonly before: string;
  /** Keeps marks such as `**`: for terminals that show no styles. */
  readonly keepsMarks: boolean;
}

export interface Inline {
  /** How much of the source is settled, and what that looks like. */
  readonly nSettled: number;
  readonly settled: Cell[];
  /** What the rest looks like for now; text that may turn out otherwise is left out at first. */
  readonly open: Cell[];
}

/** A part of the line: text, or a run of marks that may open or close a span. */
interface Part {
  readonly at: number;
  /** What is shown of it. Marks that turn out to be some are taken away. */
  text: string;
  style: string;
  /** The text is the source, letter by letter. */
  readonly isPlain?: true;
  /** Of runs: the mark, and what it may do. */
  readonly mark?: string;
  readonly canOpen?: boolean;
  readonly canClose?: boolean;
  /** Of a run that has closed a span, and may open one with what is left: where that span began. */
  since?: number;
}

/** Where scanning stopped: a construct that more text decides. */
interface Scan {
  readonly parts: Part[];
  readonly end: number;
}

export function parseInline(source: string, options: InlineOptions): Inline {
  const { parts, end } = scan(source, options);
  const openers = pairMarks(parts, end, options);
  let nSettled = options.isWhole ? end : Math.min(end, ...openers.map(({ at, since = at }) => since));
  const settled = parts.filter(({ at }) => at < nSettled);
  if (!options.isWhole && nSettled === source.length && settled.length > 0) {
    const last = settled.pop()!;
    const tail = last.isPlain ? graphemes(last.text).at(-1)! : ''; // it may get a mark or a joiner yet
    nSettled -= tail.length;
    settled.push({ ...last, text: last.text.slice(0, last.text.length - tail.length) });
    return { nSettled, settled: cellsOfParts(settled), open: cellsOf(tail) };
  }
  return { nSettled, settled: cellsOfParts(settled), open: shownOpen(source, parts, { nSettled, end, openers }) };
}

const cellsOfParts = (parts: readonly Part[]): Cell[] => parts.flatMap(({ text, style }) => cellsOf(text, style));

interface Open {
  readonly nSettled: number;
  readonly end: number;
  readonly openers: readonly Part[];
}

/** Spans that have waited long enough are shown as far as they go, with their marks. */
function shownOpen(source: string, parts: readonly Part[], { nSettled, end, openers }: Open): Cell[] {
  const isLive = new Set(openers);
  const visible = parts.filter(({ at }) => at >= nSettled);
  const held = openers.find(({ at }) => at >= nSettled && source.length - at <= holdLimit);
  const cells: Cell[] = [];
  for (const part of visible) {
    if (part === held) return cells;
    cells.push(...cellsOf(part.text, isLive.has(part) ? both(part.style, inlineStyles.mark) : part.style));
  }
  if (source.length - end > holdLimit) cells.push(...cellsOf(source.slice(end), inlineStyles.mark));
  return cells;
}

/** What a scanner found at a place: a part and where it ends; `wait` where more text decides; nothing where it is plain text. */
type Found = { readonly part: Omit<Part, 'at'>; readonly end: number } | 'wait' | undefined;
type Scanner = (source: string, at: number, options: InlineOptions) => Found;

const plainText = /[^\\`*_~[!<&]+/y;

function scan(source: string, options: InlineOptions): Scan {
  const parts: Part[] = [];
  let at = 0;
  const addText = (text: string): void => {
    const last = parts.at(-1);
    if (last?.isPlain) last.text += text;
    else parts.push({ at, text, style: '', isPlain: true });
  };
  while (at < source.length) {
    plainText.lastIndex = at;
    const plain = plainText.exec(source)?.[0];
    if (plain) {
      addText(plain);
      at += plain.length;
      continue;
    }
    const found = scanners[source[at]!]?.(source, at, options);
    if (found === 'wait') break;
    if (found) {
      parts.push({ at, ...found.part });
      at = found.end;
      continue;
    }
    addText(source[at]!);
    at++;
  }
  return { parts, end: at };
}

const asPart = (text: string, end: number, style = ''): Found => ({ part: { text, style }, end });

/** Matches at one place only. */
function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

const scanEscape: Scanner = (source, at, { isWhole, keepsMarks }) => {
  const next = source[at + 1];
  if (next === undefined) return isWhole ? asPart('', at + 1) : 'wait'; // at a line's end: a line break, which is there anyway
  if (!/[!-/:-@[-`{-~]/.test(next)) return undefined;
  return asPart(keepsMarks ? `\\${next}` : next, at + 2);
};

const scanCode: Scanner = (source, at, { isWhole, keepsMarks }) => {
  const marks = matchAt(/`+/y, source, at)![0];
  const begin = at + marks.length;
  if (begin === source.length && !isWhole) return 'wait';
  let close = begin;
  for (const [run] of source.slice(begin, at + spanLimit).matchAll(/`+|[^`]+/g)) {
    const isOpenEnd = close + run.length === source.length && !isWhole && run[0] === '`';
    if (run === marks && !isOpenEnd) {
      const code = source.slice(begin, close);
      const inner = /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
      return asPart(keepsMarks ? source.slice(at, close + run.length) : inner, close + run.length, inlineStyles.code);
    }
    close += run.length;
  }
  return isWhole || source.length > at + spanLimit ? asPart(marks, begin) : 'wait';
};

const isSpace = (char: string | undefined): boolean => char === undefined || char === '' || /\s/.test(char);
const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);
const isPunctuation = (char: string | undefined): boolean => char !== undefined && /[\p{P}\p{S}]/u.test(char);

/** Left- and right-flanking runs. */
const scanMarks: Scanner = (source, at, { isWhole, before }) => {
  const mark = source[at]!;
  let end = at;
  while (source[end] === mark) end++;
  if (end === source.length && !isWhole) return 'wait';
  const [previous, next] = [at > 0 ? source[at - 1] : before, source[end]];
  const text = source.slice(at, end);
  const left = !isSpace(next) && (!isPunctuation(next) || isSpace(previous) || isPunctuation(previous));
  const right = !isSpace(previous) && (!isPunctuation(previous) || isSpace(next) || isPunctuation(next));
  const isInside = isWord(previous) && isWord(next) && (mark === '_' || (mark === '*' && text.length === 1));
  if (isInside || text.length > 3 || (mark === '~' && text.length !== 2)) return asPart(text, end);
  const canOpen = left && (mark !== '_' || !right || isPunctuation(previous));
  const canClose = right && (mark !== '_' || !left || isPunctuation(next));
  if (!canOpen && !canClose) return asPart(text, end);
  return { part: { text, style: '', mark, canOpen, canClose }, end };
};

const link =
  /!?\[((?:[^[\]\\\n]|\\.){0,120})\]\(\s*<?([^()\s<>]{0,300}(?:\([^()\s]{0,99}\)[^()\s<>]{0,99})?)>?(?:\s+"[^"\n]{0,99}")?\s*\)/y;
const linkBegun =
  /!?(?:\[(?:[^[\]\\\n]|\\.){0,120}(?:\\|\](?:\(\s*<?[^()\s<>]{0,300}(?:\([^()\s]{0,99}(?:\)[^()\s<>]{0,99})?)?>?(?:\s+(?:"[^"\n]{0,99}"?)?)?\s*)?)?)?$/y;

const scanLink: Scanner = (source, at, { isWhole, keepsMarks }) => {
  const found = matchAt(link, source, at);
  if (found) {
    const [all, label = '', address = ''] = found;
    const name = label.replace(/\\([!-/:-@[-`{-~])|\*\*|`/g, '$1');
    const shown = keepsMarks ? all : name === '' ? address : name === address ? name : `${name} (${address})`;
    return asPart(shown, at + all.length, inlineStyles.link);
  }
  return !isWhole && matchAt(linkBegun, source, at) ? 'wait' : undefined;
};

const scanAngle: Scanner = (source, at, { isWhole }) => {
  const address = matchAt(/<((?:https?:\/\/|mailto:)[^\s<>]{1,300})>/y, source, at);
  if (address) return asPart(address[1]!, at + address[0].length, inlineStyles.link);
  const lineBreak = matchAt(/<br ?\/?>/y, source, at);
  if (lineBreak) return asPart('\n', at + lineBreak[0].length);
  const begun = /<(?:https?:\/\/[^\s<>]{0,300}|h?t?t?p?s?:?\/?\/?|mailto:[^\s<>]{0,300}|m?a?i?l?t?o?:?|br? ?\/?)$/y;
  return !isWhole && matchAt(begun, source, at) ? 'wait' : undefined;
};

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: '\u00a0',
  '#39': "'",
};

const scanEntity: Scanner = (source, at, { isWhole }) => {
  const found = matchAt(/&(amp|lt|gt|quot|nbsp|#39);/y, source, at);
  if (found) return asPart(entities[found[1]!]!, at + found[0].length);
  return !isWhole && matchAt(/&(?:#3?9?|[a-z]{0,4})$/y, source, at) ? 'wait' : undefined;
};

const scanners: Readonly<Record<string, Scanner>> = {
  '\\': scanEscape,
  '`': scanCode,
  '*': scanMarks,
  _: scanMarks,
  '~': scanMarks,
  '[': scanLink,
  '!': scanLink,
  '<': scanAngle,
  '&': scanEntity,
};

const spanStyles: Readonly<Record<string, readonly string[]>> = {
  '*': [inlineStyles.italic, inlineStyles.bold],
  _: [inlineStyles.italic, inlineStyles.bold],
  '~': [inlineStyles.strike, inlineStyles.strike],
};

/** Gives spans their style and takes their marks away. Returns the runs that could still open one. */
function pairMarks(parts: Part[], end: number, { keepsMarks }: InlineOptions): Part[] {
  const whole = parts.map(({ text }) => text);
  const openers: Part[] = [];
  for (const [i, closer] of parts.entries()) {
    if (closer.mark === undefined) continue;
    while (closer.canClose && closer.text !== '' && pairOne(parts, openers, i)) continue;
    if (closer.canOpen && closer.text !== '') openers.push(closer);
  }
  if (keepsMarks) for (const [i, part] of parts.entries()) part.text = whole[i]!;
  return openers.filter(({ at }) => end <= at + spanLimit);
}

function pairOne(parts: Part[], openers: Part[], i: number): boolean {
  const closer = parts[i]!;
  const at = openers.findLastIndex(
    (opener) => opener.mark === closer.mark && closer.at <= opener.at + spanLimit && maySpan(opener, closer),
  );
  if (at < 0) return false;
  const opener = openers[at]!;
  const nMarks = Math.min(2, opener.text.length, closer.text.length);
  const inside = parts.slice(parts.indexOf(opener) + 1, i);
  openers.splice(at + 1);
  if (closer.mark === '_' && nMarks === 2 && /^\w+$/.test(inside.map(({ text }) => text).join(''))) {
    openers.splice(at); // __init__
    return false;
  }
  const style = spanStyles[closer.mark!]![nMarks - 1]!;
  for (const part of inside) part.style = both(style, part.style);
  closer.since = Math.min(closer.since ?? Infinity, opener.since ?? opener.at);
  for (const run of [opener, closer]) run.text = run.text.slice(nMarks);
  if (opener.text === '') openers.splice(at);
  return true;
}

/** CommonMark's rule of three: `**a*b**` has no emphasis inside. */
function maySpan(opener: Part, closer: Part): boolean {
  if (!opener.canClose && !closer.canOpen) return true;
  const [a, b] = [opener.text.length, closer.text.length];
  return (a + b) % 3 !== 0 || (a % 3 === 0 && b % 3 === 0);
}
