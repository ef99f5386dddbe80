import type { ChatMessage } from '../chat/conversation.ts';
import { isInstruction, withoutOldest } from '../chat/instructions.ts';
import type { Prompt } from '../protocol/open.ts';

/** A prompt as tokens, which can be made shorter where a context has no room for it. */
export interface RoomyPrompt {
  readonly tokens: readonly number[];
  /** Messages left out of `tokens`, the oldest first. */
  readonly nForgotten: number;
  /** The prompt in at most `nMost` tokens, or as short as it gets; undefined where only its newest tokens matter. */
  readonly shorten?: (nMost: number) => Promise<RoomyPrompt>;
}

/** The part of a context that an answer should find free, at least. */
export const FAIR_ANSWER = 1 / 4;

/** What a prompt is encoded with. */
export interface Encoder {
  readonly encode: (prompt: Prompt) => readonly number[];
  /** Lets an abort arrive between two encodings. @throws AbortError */
  readonly pause: () => Promise<void>;
}

export interface Room {
  readonly nCtx: number;
  /** Tokens that the answer may take. */
  readonly maxTokens: number;
}

/**
 * Encodes a prompt. A conversation that leaves no room for a fair answer loses its oldest exchanges, whole, until half of the context
 * is free: every time something is left out, all that stays is read again. System messages, tools and the last exchange stay.
 */
export async function fitted(prompt: Prompt, encoder: Encoder, { nCtx, maxTokens }: Room): Promise<RoomyPrompt> {
  const tokens = encoder.encode(prompt);
  if (typeof prompt === 'string' || !('messages' in prompt)) return { tokens, nForgotten: 0 };
  const { messages } = prompt;
  const starts = exchangesOf(messages);
  const without = async (k: number): Promise<RoomyPrompt> => {
    if (k === 0) return { tokens, nForgotten: 0, shorten };
    await encoder.pause();
    const nForgotten = starts[k]!;
    const kept = withoutOldest(messages, nForgotten);
    return { tokens: encoder.encode({ ...prompt, messages: kept }), nForgotten, shorten };
  };
  /** By halves: the fewest exchanges left out, so that the rest fits. */
  const shorten = async (nMost: number): Promise<RoomyPrompt> => {
    let [few, many] = [-1, starts.length - 1]; // too few to leave out; enough, or as many as there are
    let found = await without(many);
    while (many - few > 1) {
      const middle = (few + many) >> 1;
      const candidate = await without(middle);
      if (candidate.tokens.length > nMost) few = middle;
      else [many, found] = [middle, candidate];
    }
    return found;
  };
  const fits = tokens.length + Math.min(maxTokens, nCtx * FAIR_ANSWER) <= nCtx;
  return fits ? without(0) : shorten(nCtx / 2);
}

/**
 * Where exchanges begin, counted in messages that may be left out: a question with all that follows it up to the next. What stands
 * before the first question is one, too. Instructions are in none.
 */
function exchangesOf(messages: readonly ChatMessage[]): number[] {
  const talk = messages.filter((message) => !isInstruction(message));
  const starts = talk.flatMap(({ role }, i) => (role === 'user' && i > 0 ? [i] : []));
  return [0, ...starts];
}

/** A text that takes every position of its context, and the prompt that it began with. */
export interface FullText {
  readonly prompt: RoomyPrompt;
  readonly text: readonly number[];
  readonly bosToken: number | undefined;
}

/**
 * What to read again, half a context at most: of a conversation a shorter one and the answer's newest tokens, of other prompts BOS and the
 * newest tokens.
 * @returns undefined where the shortest conversation leaves no room for a fair answer, or once `signal` is aborted.
 */
export async function shorter(
  { prompt, text, bosToken }: FullText,
  signal: AbortSignal | undefined,
): Promise<{ prompt: RoomyPrompt; kept: number[] } | undefined> {
  const nCtx = text.length;
  const nMost = Math.floor(nCtx / 2);
  let head = text[0] === bosToken && bosToken !== undefined ? [bosToken] : [];
  let rest = text.slice(head.length);
  if (prompt.shorten) {
    rest = text.slice(prompt.tokens.length);
    try {
      prompt = await prompt.shorten(Math.max(nMost - rest.length, nMost / 2));
    } catch (error) {
      if (signal?.aborted) return undefined; // what was said so far stays
      throw error;
    }
    head = [...prompt.tokens];
  }
  const nRest = Math.max(1, nMost - head.length);
  if (head.length + nRest > nCtx * (1 - FAIR_ANSWER)) return undefined;
  return { prompt, kept: [...head, ...rest.slice(-nRest)] };
}
