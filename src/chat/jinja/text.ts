/**
 * Strings that remember where their characters came from. A piece is **trusted** when the template's author wrote it (a
 * literal, or the model's own BOS/EOS), and untrusted when it came from a message, a tool or a computation. Only trusted
 * pieces may become control tokens, so a user who types `<|im_end|>` gets the letters and not the token.
 *
 *     '<|im_start|>' + message.role + '\n' + message.content
 *     [ trusted                          ][ untrusted       ]
 *
 * Trust survives cutting and joining, which is all that templates do to control tokens. Every other operation keeps it only
 * if the whole string is trusted; `tojson`, numbers and printed lists are always untrusted.
 */
import { charge, chargeObjects, chargeSearch, chargeText, checkLength, fail, type Run } from './run.ts';

export interface Segment {
  readonly text: string;
  readonly trusted: boolean;
}

export interface Text {
  readonly kind: 'text';
  /** All parts joined: what comparisons and searches look at. */
  readonly text: string;
  /** Neighbours differ in trust; no part is empty. */
  readonly parts: readonly Segment[];
}

export function text(value: string, trusted: boolean): Text {
  return { kind: 'text', text: value, parts: value === '' ? [] : [{ text: value, trusted }] };
}

export const untrusted = (value: string): Text => text(value, false);
export const EMPTY: Text = text('', true);
const SPACE: Text = text(' ', true);

/** Appends in place, merging neighbours of equal trust. */
export function append(parts: Segment[], added: readonly Segment[]): void {
  for (const part of added) {
    const last = parts[parts.length - 1];
    if (last !== undefined && last.trusted === part.trusted) {
      parts[parts.length - 1] = { text: last.text + part.text, trusted: part.trusted };
    } else parts.push(part);
  }
}

export function concat(run: Run, pieces: readonly Text[]): Text {
  if (pieces.length === 1) return pieces[0]!;
  const parts: Segment[] = [];
  let whole = '';
  for (const piece of pieces) {
    charge(run, 1 + piece.parts.length);
    append(parts, piece.parts);
    whole += piece.text;
    checkLength(run, whole.length);
  }
  return { kind: 'text', text: whole, parts };
}

export function join(run: Run, separator: Text, pieces: readonly Text[]): Text {
  return concat(
    run,
    pieces.flatMap((piece, i) => (i === 0 ? [piece] : [separator, piece])),
  );
}

/** Cuts at ascending UTF-16 offsets, in one pass: `n` offsets make `n + 1` pieces. */
export function cut(run: Run, value: Text, offsets: readonly number[]): Text[] {
  chargeText(run, value.text.length);
  chargeObjects(run, offsets.length);
  const pieces: Text[] = [];
  let part = 0;
  let partBegin = 0;
  let begin = 0;
  for (let i = 0; i <= offsets.length; i++) {
    const end = offsets[i] ?? value.text.length;
    const parts: Segment[] = [];
    while (begin < end) {
      const { text: source, trusted } = value.parts[part]!;
      const stop = Math.min(end, partBegin + source.length);
      append(parts, [{ text: source.slice(begin - partBegin, stop - partBegin), trusted }]);
      begin = stop;
      if (stop === partBegin + source.length) {
        partBegin = stop;
        part++;
      }
    }
    pieces.push({ kind: 'text', text: parts.map((p) => p.text).join(''), parts });
  }
  return pieces;
}

export function slice(run: Run, value: Text, begin: number, end: number): Text {
  return begin >= end ? EMPTY : cut(run, value, [begin, end])[1]!;
}

/** For operations that cannot follow the parts: the result is trusted only if all of the input is. */
export function mapText(run: Run, value: Text, change: (text: string) => string): Text {
  chargeText(run, value.text.length);
  const changed = change(value.text);
  checkLength(run, changed.length);
  return text(
    changed,
    value.parts.every((part) => part.trusted),
  );
}

/** Python indexes by code point, JavaScript by UTF-16 unit: the offsets of all code points, and the end. */
export function codePointOffsets(run: Run, value: Text): number[] {
  chargeText(run, value.text.length);
  charge(run, value.text.length);
  const offsets: number[] = [];
  for (let i = 0; i < value.text.length; i += value.text.codePointAt(i)! > 0xffff ? 2 : 1) offsets.push(i);
  offsets.push(value.text.length);
  return offsets;
}

export function codePointCount(run: Run, value: Text): number {
  chargeText(run, value.text.length);
  const pairs = value.text.match(/[\ud800-\udbff][\udc00-\udfff]/g);
  return value.text.length - (pairs?.length ?? 0);
}

export function characters(run: Run, value: Text): Text[] {
  const offsets = codePointOffsets(run, value);
  return value.text === '' ? [] : cut(run, value, offsets.slice(1, -1));
}

/** What Python's `str.isspace` calls white space. */
const WHITE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const isWhite = new RegExp(`[${WHITE}]`);
const whiteRuns = new RegExp(`[${WHITE}]+`, 'g');
export const onlyWhite = new RegExp(`^[${WHITE}]+$`);

/** Python's `strip`, `lstrip`, `rstrip`: white space, or any of the given characters. */
export function strip(run: Run, value: Text, sides: 'both' | 'left' | 'right', chars?: string): Text {
  const set = chars === undefined ? undefined : new Set(chars);
  const drop = (char: string) => (set ? set.has(char) : isWhite.test(char));
  chargeText(run, value.text.length + (chars?.length ?? 0));
  let begin = 0;
  let end = value.text.length;
  if (sides !== 'right') {
    while (begin < end) {
      const char = String.fromCodePoint(value.text.codePointAt(begin)!);
      if (!drop(char)) break;
      begin += char.length;
    }
  }
  if (sides !== 'left') {
    while (end > begin) {
      const pair = end - begin > 1 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(value.text.slice(end - 2, end)) ? 2 : 1;
      if (!drop(value.text.slice(end - pair, end))) break;
      end -= pair;
    }
  }
  return begin === 0 && end === value.text.length ? value : slice(run, value, begin, end);
}

/** Begin and end of each occurrence, at most `limit`. The empty string occurs before every character and at the end. */
function occurrences(run: Run, value: Text, wanted: string, limit: number): number[] {
  chargeSearch(run, value.text.length, wanted.length);
  if (wanted === '')
    return codePointOffsets(run, value)
      .slice(0, limit)
      .flatMap((at) => [at, at]);
  const offsets: number[] = [];
  for (let at = value.text.indexOf(wanted); at >= 0 && offsets.length < 2 * limit;) {
    offsets.push(at, at + wanted.length);
    at = value.text.indexOf(wanted, at + wanted.length);
  }
  return offsets;
}

function occurrencesFromRight(run: Run, value: Text, wanted: string, limit: number): number[] {
  chargeSearch(run, value.text.length, wanted.length);
  const found: number[] = [];
  let end = value.text.length;
  while (end >= wanted.length && found.length < limit) {
    const at = value.text.lastIndexOf(wanted, end - wanted.length);
    if (at < 0) break;
    found.push(at);
    end = at;
  }
  return found.reverse().flatMap((at) => [at, at + wanted.length]);
}

/** `limit < 0` means all, as in Python. */
const atMost = (limit: number) => (limit < 0 ? Infinity : limit);

export function replace(run: Run, value: Text, wanted: Text, by: Text, limit: number): Text {
  const offsets = occurrences(run, value, wanted.text, atMost(limit));
  checkLength(run, value.text.length + (offsets.length / 2) * (by.text.length - wanted.text.length));
  // Pieces alternate: kept, found, kept, found, …, kept.
  return concat(
    run,
    cut(run, value, offsets).map((piece, i) => (i % 2 === 0 ? piece : by)),
  );
}

export function count(run: Run, value: Text, wanted: string): number {
  return occurrences(run, value, wanted, Infinity).length / 2;
}

export function split(run: Run, value: Text, separator: Text | undefined, limit: number, fromRight: boolean): Text[] {
  if (separator === undefined) return splitWhite(run, value, limit, fromRight);
  if (separator.text === '') fail(run, 'split() by an empty separator');
  const find = fromRight ? occurrencesFromRight : occurrences;
  const offsets = find(run, value, separator.text, atMost(limit));
  return cut(run, value, offsets).filter((_, i) => i % 2 === 0);
}

/** Runs of white space separate, and none is left at the ends; beyond the limit they stay. */
function splitWhite(run: Run, value: Text, limit: number, fromRight: boolean): Text[] {
  const inner = strip(run, value, 'both');
  if (inner.text === '') return [];
  const nGaps = inner.text.match(whiteRuns)?.length ?? 0;
  const n = Math.min(nGaps, atMost(limit));
  // A limit that is reached leaves the far end as it was, white space and all.
  const rest = nGaps < atMost(limit) ? inner : strip(run, value, fromRight ? 'right' : 'left');
  const gaps = [...rest.text.matchAll(whiteRuns)].map((m) => [m.index, m.index + m[0].length]);
  const used = fromRight ? gaps.slice(gaps.length - n) : gaps.slice(0, n);
  return cut(run, rest, used.flat()).filter((_, i) => i % 2 === 0);
}

export function splitLines(run: Run, value: Text, keepEnds: boolean): Text[] {
  const ends = [...value.text.matchAll(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g)];
  const pieces = cut(
    run,
    value,
    ends.flatMap((m) => [m.index, m.index + m[0].length]),
  );
  const lines: Text[] = [];
  for (let i = 0; i < pieces.length; i += 2) {
    const end = pieces[i + 1];
    if (end === undefined && pieces[i]!.text === '') break;
    lines.push(keepEnds && end !== undefined ? concat(run, [pieces[i]!, end]) : pieces[i]!);
  }
  return lines;
}

export function repeat(run: Run, value: Text, times: number): Text {
  if (times <= 0 || value.text === '') return EMPTY;
  chargeText(run, value.text.length * times);
  if (value.parts.length === 1) return text(value.text.repeat(times), value.parts[0]!.trusted);
  charge(run, times);
  return concat(run, Array<Text>(times).fill(value));
}

/** Pads to `width` code points: `left` is the share of the padding that goes to the left (0, ½ or 1). */
export function pad(run: Run, value: Text, width: number, left: number, fill: Text = SPACE): Text {
  const n = width - codePointCount(run, value);
  return n <= 0 ? value : padBy(run, value, Math.floor(n * left), n, fill);
}

/** `str.center`, which gives an odd space to the left if the width is odd. */
export function center(run: Run, value: Text, width: number, fill: Text = SPACE): Text {
  const n = width - codePointCount(run, value);
  return n <= 0 ? value : padBy(run, value, (n >> 1) + (n & width & 1), n, fill);
}

function padBy(run: Run, value: Text, nLeft: number, n: number, fill: Text): Text {
  return concat(run, [repeat(run, fill, nLeft), value, repeat(run, fill, n - nLeft)]);
}
