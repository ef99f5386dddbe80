import { sum } from '../base/numbers.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { checkedSaved } from './checked_saved.ts';
import { unfinishedOf, type Making } from './making.ts';
import { encodeSaved, type SavedSession } from './session_bytes.ts';
import type { Timeline } from './timeline.ts';
import type { Unfinished } from './unfinished.ts';

/** How a session is saved. */
export interface SaveOptions {
  /** Whether the states go along; with `auto`, where they are worth it, and never in the middle of an answer. Default true. */
  readonly state?: boolean | 'auto';
  /** A text of the caller's, to be found beside it. */
  readonly note?: string | undefined;
}

/** A session at a moment. */
export interface Inside {
  readonly weights: string;
  readonly kvType: string;
  readonly tokenizer: Tokenizer;
  readonly timeline: Timeline;
  readonly nCtx: number;
  /** What was read, and what is to be. */
  readonly text: readonly number[];
  /** Tokens a second that it read when it read many; 0: it never did. */
  readonly prefillTps: number;
  readonly making: Making | undefined;
  readonly unfinished: Unfinished | undefined;
}

/** What is read again as quickly is worth no bytes. */
const QUICK_SECONDS = 0.5;

/** Texts that are short, whatever reading them takes. */
const FEW_TOKENS = 32;

/**
 * The bytes of states that are worth a second of reading. Storage takes ten times as many in a second (phones: 200 MB, the machine here
 * 2 GB), and what is saved after every answer is read back now and then.
 */
const BYTES_PER_SECOND = 20e6;

export async function save(inside: Inside, { state = true, note }: SaveOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { weights, kvType, timeline, making, unfinished } = inside;
  if (state === false || making || (state === 'auto' && !isWorthIt(inside))) return encodeSaved(textOf(inside, note));
  return encodeSaved({ weights, kvType, unfinished, note, ...(await timeline.save()) });
}

/** The text alone, as far as an answer under way has come. `restore` has it read again. */
function textOf({ weights, kvType, nCtx, text, making, unfinished }: Inside, note?: string): SavedSession {
  const unread = text.slice(nCtx); // one token, where every position is taken
  return {
    weights,
    kvType,
    tokens: Int32Array.from(text.slice(0, nCtx)),
    states: [],
    unfinished: making ? unfinishedOf(making, unread) : unfinished && { ...unfinished, unread },
    note,
  };
}

/** Whether it takes longer to read the text again than to move the states. */
function isWorthIt({ timeline, prefillTps }: Inside): boolean {
  const { length } = timeline;
  const readSeconds = length < FEW_TOKENS ? 0 : length / prefillTps;
  return readSeconds > Math.max(QUICK_SECONDS, sum(timeline.savedBytes(length)) / BYTES_PER_SECOND);
}

/** @throws FormatError when the bytes are damaged or belong to other weights or another cache type. */
export async function restore(inside: Inside, bytes: Uint8Array): Promise<SavedSession> {
  const { timeline } = inside;
  const saved = checkedSaved(bytes, { ...inside, stateBytes: (nTokens) => timeline.savedBytes(nTokens) });
  if (saved.states.length > 0) await timeline.restore(saved);
  else timeline.restart(saved.tokens);
  return saved;
}
