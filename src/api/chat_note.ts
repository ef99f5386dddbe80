import { FormatError } from '../base/errors.ts';
import type { ChatMessage, ToolDefinition } from '../chat/conversation.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import { messagesOf, messageOf } from './arguments.ts';
import type { SendOptions } from './option_types.ts';

/** An answer that was begun, and may go on. */
export interface Begun {
  readonly question: ChatMessage;
  readonly options: SendOptions;
  readonly adapters: readonly AdapterUse[] | undefined;
  /** In place of the chat's own. */
  readonly tools?: readonly ToolDefinition[] | undefined;
  /** Of the messages before it so many are not sent. */
  readonly nLeftOut: number;
  /** The session has it. */
  isThere: boolean;
  /** It ended early: the last two messages are the question and what was said. */
  isSaid: boolean;
}

/** What a chat knows beside its session's text. */
export interface Note {
  readonly messages: ChatMessage[];
  readonly nLeftOut: number;
  readonly begun: Begun | undefined;
}

/** @throws FormatError where it is of no chat. */
export function readNote(note: string | undefined): Note {
  try {
    if (note === undefined) throw new TypeError('it is of a session without one; use session.restore');
    const { messages: said, nLeftOut, begun } = JSON.parse(note) as Partial<Note>;
    const messages = Array.isArray(said) && said.length === 0 ? [] : messagesOf(said);
    if (!Number.isSafeInteger(nLeftOut)) throw new TypeError('it does not say what was left out');
    return { messages, nLeftOut: nLeftOut!, begun: begun?.question && begunOf(begun, messages) };
  } catch (cause) {
    throw new FormatError(`the saved bytes have no chat: ${(cause as Error).message}`, { cause });
  }
}

function begunOf(
  { question: asked, options, isSaid, isThere, ...rest }: Begun,
  messages: readonly ChatMessage[],
): Begun {
  const question = isSaid ? messages.at(-2) : messageOf(asked, 'its question');
  if (!question || typeof options !== 'object') throw new TypeError('it lacks a part of the answer that may go on');
  const logitBias = options.logitBias?.map(([token, bias]) => [token, bias ?? -Infinity] as const); // JSON has no -Infinity
  return { ...rest, question, options: { ...options, ...(logitBias && { logitBias }) }, isSaid, isThere };
}
