import { FormatError } from '../base/errors.ts';
import { sum } from '../base/numbers.ts';
import type { SavedConstraint } from './constraint.ts';
import type { SavedTimeline } from './timeline.ts';
import type { Unfinished } from './unfinished.ts';

/**
 * A saved session: a JSON line that describes it, plain little-endian arrays, and a checksum of all that stands before it.
 *
 *     "thimble session 4\n" | {"weights":…,"kvType":…,"nTokens":…,"stateBytes":[…],"answerBytes":…,"noteBytes":…}\n
 *     | tokens i32[nTokens] | states … | answer | note | u32
 *
 * States are the arrays of every layer in turn, with the rows that the next token needs: of a cache the positions it looks at, of
 * rows that each step replaces all of them. Without states it is the text alone, which is read again. The answer is JSON, or nothing where
 * none may go on. The note is the caller's own.
 */
export interface SavedSession extends SavedTimeline {
  /** Names the weights that made it. */
  readonly weights: string;
  readonly kvType: string;
  readonly unfinished: Unfinished | undefined;
  /** What the caller wants to find beside it; undefined: nothing. */
  readonly note?: string | undefined;
}

const magic = 'thimble session 4\n';

/** Longest description line read; a few numbers per layer, of which there may be thousands. */
const maxHeaderBytes = 1 << 20;

const CHECKSUM_BYTES = 4;

export function encodeSaved({
  weights,
  kvType,
  tokens,
  states,
  unfinished,
  note,
}: SavedSession): Uint8Array<ArrayBuffer> {
  const answer = new TextEncoder().encode(unfinished && JSON.stringify(unfinished)); // -Infinity, of a banned token, is null there
  const noted = new TextEncoder().encode(note);
  const stateBytes = states.map((state) => state.length);
  const ends = { answerBytes: answer.length, noteBytes: noted.length };
  const about: About = { weights, kvType, nTokens: tokens.length, stateBytes, ...ends };
  const head = new TextEncoder().encode(`${magic}${JSON.stringify(about)}\n`);
  const size = head.length + tokens.length * 4 + sum(stateBytes) + answer.length + noted.length;
  const bytes = new Uint8Array(size + CHECKSUM_BYTES);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  tokens.forEach((token, i) => view.setInt32(head.length + i * 4, token, true));
  let at = head.length + tokens.length * 4;
  for (const part of [...states, answer, noted]) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(size, checksum(bytes.subarray(0, size)), true);
  return bytes;
}

/** @throws FormatError when the bytes are not a whole saved session. */
export function decodeSaved(bytes: Uint8Array): SavedSession {
  const start = new TextDecoder().decode(bytes.subarray(0, magic.length));
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(10, magic.length);
  if (start !== magic || end < 0) throw damaged(`it starts with ${JSON.stringify(start)}`);
  const about = parseAbout(new TextDecoder().decode(bytes.subarray(magic.length, end)));
  const { weights, kvType, nTokens, stateBytes, answerBytes, noteBytes } = about;
  const size = end + 1 + nTokens * 4 + sum(stateBytes) + answerBytes + noteBytes;
  if (size + CHECKSUM_BYTES !== bytes.length) {
    throw damaged(`it has ${bytes.length} bytes, its header says ${size + CHECKSUM_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(size, true) !== checksum(bytes.subarray(0, size))) throw damaged('its checksum is wrong');
  const tokens = Int32Array.from({ length: nTokens }, (_, i) => view.getInt32(end + 1 + i * 4, true));
  let at = end + 1 + nTokens * 4;
  const states = stateBytes.map((n) => bytes.subarray(at, (at += n)));
  const unfinished = parseAnswer(new TextDecoder().decode(bytes.subarray(at, (at += answerBytes))));
  const note = noteBytes === 0 ? undefined : new TextDecoder().decode(bytes.subarray(at, at + noteBytes));
  return { weights, kvType, tokens, states, unfinished, note };
}

interface About {
  readonly weights: string;
  readonly kvType: string;
  readonly nTokens: number;
  readonly stateBytes: readonly number[];
  readonly answerBytes: number;
  readonly noteBytes: number;
}

function parseAbout(json: string): About {
  let about: Partial<About> | null;
  try {
    about = JSON.parse(json) as Partial<About> | null;
  } catch (cause) {
    throw damaged('its header is not JSON', cause);
  }
  const { weights, kvType, nTokens, stateBytes, answerBytes, noteBytes } = about ?? {};
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const isNamed = typeof weights === 'string' && typeof kvType === 'string';
  if (!isNamed || !isCount(nTokens) || !isCount(answerBytes) || !isCount(noteBytes))
    throw damaged('its header lacks a field');
  if (!Array.isArray(stateBytes) || !stateBytes.every(isCount)) throw damaged('its header lacks state sizes');
  return { weights, kvType, nTokens, stateBytes, answerBytes, noteBytes };
}

/** Its own parts are checked where a sampler is made of them. */
function parseAnswer(json: string): Unfinished | undefined {
  if (json === '') return undefined;
  let answer: Unfinished | null;
  try {
    answer = JSON.parse(json) as Unfinished | null;
  } catch (cause) {
    throw damaged('its answer is not JSON', cause);
  }
  const { settings, state, heldTo, unread, said } = answer ?? {};
  const isWhole = isObject(settings) && isObject(state) && Array.isArray(state.random) && Array.isArray(state.recent);
  const isSaid = isObject(said) && Array.isArray(said.tokens) && isObject(said.how);
  const isHeld = heldTo === undefined || isHeldTo(heldTo);
  if (!isWhole || !isSaid || !isHeld || !Array.isArray(unread)) throw damaged('its answer lacks a part');
  const { logitBias, ...rest } = settings;
  const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2;
  if (logitBias !== undefined && !(Array.isArray(logitBias) && logitBias.every(isPair))) {
    throw damaged('its answer has biases of no tokens');
  }
  const biases = logitBias?.map(([token, bias]) => [token, bias ?? -Infinity] as const);
  return { settings: { ...rest, ...(biases && { logitBias: biases }) }, state, heldTo, unread, said };
}

const isHeldTo = (heldTo: unknown): boolean => {
  if (!isObject(heldTo)) return false;
  const { given, tokens, known } = heldTo as Partial<SavedConstraint>;
  return isObject(given) && Array.isArray(tokens) && Array.isArray(known);
};

const isObject = <T>(thing: T): thing is T & object => typeof thing === 'object' && thing !== null;

/**
 * Takes four bytes at a time. Each step is a bijection of the sum so far and of the word that comes in, so that no single damaged word
 * goes unnoticed (the body of MurmurHash3, A. Appleby).
 */
function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nWords = bytes.length >>> 2;
  let sum = bytes.length | 0;
  for (let i = 0; i < nWords; i++) sum = taken(sum, view.getUint32(i * 4, true));
  for (let i = nWords * 4; i < bytes.length; i++) sum = taken(sum, bytes[i]!);
  return sum >>> 0;
}

function taken(sum: number, word: number): number {
  const mixed = Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotated(sum ^ mixed, 13), 5) + 0xe6546b64) | 0;
}

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

const damaged = (what: string, cause?: unknown): FormatError =>
  new FormatError(`this is not a whole saved session: ${what}; save it again`, { cause });
