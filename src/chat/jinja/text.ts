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
  chargeObjects(run, 2);
  for (const piece of pieces) {
    chargeObjects(run, 1 + piece.parts.length);
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
export function cut(run: Run, value: Text, offsets: ArrayLike<number>): Text[] {
  chargeText(run, value.text.length);
  chargeObjects(run, 3 * offsets.length + value.parts.length);
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
  chargeObjects(run, 2);
  if (/[^\0-\x7f]/.test(value.text)) checkLength(run, 3 * value.text.length); // a capital can have three characters
  const changed = change(value.text);
  checkLength(run, changed.length);
  return text(
    changed,
    value.parts.every((part) => part.trusted),
  );
}

/** Python indexes by code point, JavaScript by UTF-16 unit: the offsets of all code points, and the end. */
export function codePointOffsets(run: Run, { text }: Text): Uint32Array {
  chargeText(run, text.length);
  charge(run, text.length);
  const offsets = new Uint32Array(text.length + 1);
  let n = 0;
  for (let i = 0; i < text.length; i += text.codePointAt(i)! > 0xffff ? 2 : 1) offsets[n++] = i;
  offsets[n] = text.length;
  return offsets.subarray(0, n + 1);
}

export function codePointCount(run: Run, value: Text): number {
  chargeText(run, value.text.length);
  let n = 0;
  for (let i = 0; i < value.text.length; i += value.text.codePointAt(i)! > 0xffff ? 2 : 1) n++;
  return n;
}

export function characters(run: Run, value: Text): Text[] {
  if (value.text === '') return [];
  if (value.parts.length === 1) return alikeCharacters(run, value);
  chargeObjects(run, value.text.length >> 1); // the half of them at least, before there are any offsets
  return cut(run, value, codePointOffsets(run, value).subarray(1, -1));
}

/** Of a text that is trusted or untrusted as a whole: the same objects for the same characters, as some templates walk through all messages. */
function alikeCharacters(run: Run, value: Text): Text[] {
  charge(run, 2 * value.text.length);
  const known = new Map<string, Text>();
  return Array.from(value.text, (char) => {
    let found = known.get(char);
    if (!found) {
      chargeObjects(run, 3);
      known.set(char, (found = text(char, value.parts[0]!.trusted)));
    }
    return found;
  });
}

/** What Python's `str.isspace` calls white space. */
const WHITE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const isWhite = new RegExp(`[${WHITE}]`);
const whiteRuns = new RegExp(`[${WHITE}]+`, 'g');
/** What Jinja's `title` takes for a word. */
export const notBetweenWords = new RegExp(`[^-({[<${WHITE}]+`, 'g');
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
  if (wanted === '') {
    chargeObjects(run, Math.min(limit, value.text.length));
    return Array.from(codePointOffsets(run, value).subarray(0, limit)).flatMap((at) => [at, at]);
  }
  const offsets: number[] = [];
  for (let at = value.text.indexOf(wanted); at >= 0 && offsets.length < 2 * limit;) {
    chargeObjects(run, 1);
    offsets.push(at, at + wanted.length);
    at = value.text.indexOf(wanted, at + wanted.length);
  }
  return offsets;
}

/** Begin and end of each match. Charged one by one: a list of them all may be larger than memory. */
function spans(run: Run, value: Text, pattern: RegExp): number[] {
  const offsets: number[] = [];
  for (const { index, 0: found } of value.text.matchAll(pattern)) {
    chargeObjects(run, 1);
    offsets.push(index, index + found.length);
  }
  return offsets;
}

/** What lies between the matches, and between these pieces the matches. */
export const cutAround = (run: Run, value: Text, pattern: RegExp) => cut(run, value, spans(run, value, pattern));

/** Of pieces that alternate, those between the separators. */
const between = (pieces: readonly Text[]) => pieces.filter((_, i) => i % 2 === 0);

/** `limit < 0` means all, as in Python. */
const atMost = (limit: number) => (limit < 0 ? Infinity : limit);

export function replace(run: Run, value: Text, wanted: Text, by: Text, limit: number): Text {
  const offsets = occurrences(run, value, wanted.text, atMost(limit));
  checkLength(run, value.text.length + (offsets.length / 2) * (by.text.length - wanted.text.length));
  return concat(
    run,
    cut(run, value, offsets).map((piece, i) => (i % 2 === 0 ? piece : by)),
  );
}

export function split(run: Run, value: Text, separator: Text | undefined, limit: number): Text[] {
  chargeObjects(run, 2);
  if (separator === undefined) return splitWhite(run, value, limit);
  if (separator.text === '') fail(run, 'split() by an empty separator');
  return between(cut(run, value, occurrences(run, value, separator.text, atMost(limit))));
}

/** Runs of white space separate, and none is left at the ends; beyond the limit they stay. */
function splitWhite(run: Run, value: Text, limit: number): Text[] {
  const rest = strip(run, value, 'left');
  const gaps = spans(run, rest, whiteRuns).slice(0, 2 * atMost(limit));
  return withoutEmptyEnd(between(cut(run, rest, gaps)));
}

export function splitLines(run: Run, value: Text): Text[] {
  return withoutEmptyEnd(between(cutAround(run, value, /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g)));
}

const withoutEmptyEnd = (pieces: Text[]) => (pieces.at(-1)?.text === '' ? pieces.slice(0, -1) : pieces);

export function repeat(run: Run, value: Text, times: number): Text {
  if (times <= 0 || value.text === '') return EMPTY;
  chargeText(run, value.text.length * times);
  chargeObjects(run, 2);
  if (value.parts.length === 1) return text(value.text.repeat(times), value.parts[0]!.trusted);
  charge(run, times);
  return concat(run, Array<Text>(times).fill(value));
}
