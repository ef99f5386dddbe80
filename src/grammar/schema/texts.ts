/**
 * How JSON spells strings, as regular languages. A string's *contents* are what stands between its quotes. Every code point has one
 * spelling there that counts, the one of `JSON.stringify`: itself, or an escape for quotes, backslashes and control characters. So a
 * pattern, a key and its opposite speak of the same texts. Only where nothing but the length is asked may other escapes come.
 */
import { checkLimit } from './limits.ts';
import { both, bytes, chars, either, empty, literal, not, repeat, sequence, type Regular } from '../regular.ts';
import { derivative, rowOf } from '../derivative.ts';

export type Ranges = readonly (readonly [number, number])[];

/** Control characters, `"` and `\`: what JSON never has as it is. */
const escaped = [...Array.from({ length: 32 }, (_, code) => code), 0x22, 0x5c];
const plain: Ranges = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x10ffff],
];

/** The contents of a JSON string that means `text`. */
export const contentsOf = (text: string): string => JSON.stringify(text).slice(1, -1);

/** One code point out of these ranges, as it is spelt in a JSON string. */
export function spelt(ranges: Ranges): Regular {
  const parts: Regular[] = [];
  for (const [first, last] of ranges) {
    for (const [low, high] of plain) {
      if (first <= high && last >= low) parts.push(chars([[Math.max(first, low), Math.min(last, high)]]));
    }
    for (const code of escaped) {
      if (first <= code && code <= last) parts.push(literal(contentsOf(String.fromCharCode(code))));
    }
  }
  return either(parts);
}

export const anySpelt = spelt([[0, 0x10ffff]]);

/** The contents of all strings, each spelt in the one way. */
export const allContents = repeat(anySpelt, 0);

const hex = bytes([...digits(0, 9), [0x41, 0x46], [0x61, 0x66]]);

function digits(first: number, last: number): [number, number][] {
  return [[0x30 + first, 0x30 + last]];
}

/** `\u0061` for a code point that is no surrogate, or two of them for one beyond U+FFFF. */
function unicodeEscape(): Regular {
  const d = bytes([[0x44, 0x44], [0x64, 0x64]]); // prettier-ignore
  const other = either([bytes([...digits(0, 9), [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]])]);
  const unit = either([sequence(other, hex, hex, hex), sequence(d, bytes(digits(0, 7)), hex, hex)]);
  const high = sequence(d, bytes([...digits(8, 9), [0x41, 0x42], [0x61, 0x62]]), hex, hex);
  const low = sequence(d, bytes([[0x43, 0x46], [0x63, 0x66]]), hex, hex); // prettier-ignore
  return sequence(literal('\\u'), either([unit, sequence(high, literal('\\u'), low)]));
}

/** One code point, spelt in any way that JSON allows. */
export const anyChar: Regular = either([
  chars(plain),
  sequence(literal('\\'), bytes([...'"\\/bfnrt'].map((c) => [c.charCodeAt(0), c.charCodeAt(0)] as const))),
  unicodeEscape(),
]);

/** The contents of all strings, spelt in any way. */
export const anyContents = repeat(anyChar, 0);

/** What is no text of `part`, out of all contents. */
export const otherContents = (part: Regular): Regular => both([allContents, not(part)]);

export const quoted = (contents: Regular): Regular => sequence(literal('"'), contents, literal('"'));

/** Between two tokens: nothing, a space, or a new line with its indentation. Bounded: a small model would go on for ever. */
export const gap = either([
  empty,
  literal(' '),
  sequence(
    either([empty, literal('\r')]),
    literal('\n'),
    either([repeat(literal(' '), 0, 40), repeat(literal('\t'), 1, 20)]),
  ),
]);

/** Whether `text` is one of the language's. */
export function matches(regular: Regular, text: string): boolean {
  let state = regular;
  for (const byte of new TextEncoder().encode(text)) state = derivative(state, byte);
  return state.nullable;
}

/** How many states of automata were looked at for one schema. */
export interface Search {
  nStates: number;
  readonly where: string;
}

/** A language with more states than this counts as having texts: where it has none, the matcher finds out. */
const SEARCH = 5_000;

/** Whether the language is known to have no text. */
export function isNothing(regular: Regular, search: Search): boolean {
  if (regular.plain || regular.nullable) return regular.kind === 'nothing';
  if (regular.live !== undefined) return !regular.live;
  const seen = new Set<Regular>([regular]);
  for (const state of seen) {
    checkLimit('search', ++search.nStates, search.where);
    if (seen.size > SEARCH) return false;
    for (const target of rowOf(state).targets) {
      if (target.nullable || (target.plain && target.kind !== 'nothing') || target.live) return false;
      if (target.kind !== 'nothing' && target.live === undefined) seen.add(target);
    }
  }
  for (const state of seen) state.live = false;
  return true;
}

/** All texts of the language; nothing where there are more than `most`. */
export function fewTexts(regular: Regular, most: number, search: Search): string[] | undefined {
  const found: string[] = [];
  const path: number[] = [];
  const open = new Set<Regular>();
  const walk = (state: Regular): boolean => {
    if (open.has(state)) return false; // it comes back to itself: there is no end
    open.add(state);
    if (state.nullable) found.push(new TextDecoder().decode(Uint8Array.from(path)));
    const { starts, targets } = rowOf(state);
    const isFew = targets.every((target, i) => {
      if (isNothing(target, search)) return true;
      for (let byte = starts[i]!; byte < (starts[i + 1] ?? 256); byte++) {
        path.push(byte);
        const isFew = found.length <= most && walk(target);
        path.pop();
        if (!isFew) return false;
      }
      return true;
    });
    open.delete(state);
    return isFew && found.length <= most;
  };
  return isNothing(regular, search) ? [] : walk(regular) ? found : undefined;
}
