import type { ChatMessage } from './conversation.ts';

/** Messages that tell the model what to be. A conversation that outgrows its context keeps them, wherever they stand. */
export const isInstruction = ({ role }: ChatMessage): boolean => role === 'system' || role === 'developer';

/** So many messages are instructions that stand in front of everything. */
export function nLeading(messages: readonly ChatMessage[]): number {
  const first = messages.findIndex((message) => !isInstruction(message));
  return first < 0 ? messages.length : first;
}

/** The conversation without the `n` oldest messages that may be left out. */
export function withoutOldest(messages: readonly ChatMessage[], n: number): ChatMessage[] {
  let nSkipped = 0;
  return messages.filter((message) => isInstruction(message) || nSkipped++ >= n);
}
