/** A conversation's tree: one branch of it is shown at a time. */
import type { Message } from './types.ts';

const byAge = (a: Message, b: Message): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);

/** What follows a message, the oldest first; `undefined`: the beginnings. */
export const children = (messages: readonly Message[], parentId: string | undefined): Message[] =>
  messages.filter((message) => message.parentId === parentId).sort(byAge);

/** A message and its alternatives, the oldest first. */
export const siblings = (messages: readonly Message[], message: Message): Message[] =>
  children(messages, message.parentId);

/** From the beginning to a message. Empty where there is none, or where the way back to the beginning is broken. */
export function pathTo(messages: readonly Message[], leafId: string | undefined): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: Message[] = [];
  for (let id = leafId; id !== undefined;) {
    const message = byId.get(id);
    if (!message) return [];
    byId.delete(id); // a circle ends here
    path.unshift(message);
    id = message.parentId;
  }
  return path;
}

/** The end of the branch that goes on from a message, always by the latest of several. */
export function leafBelow(messages: readonly Message[], id: string): string {
  for (let leaf = id; ;) {
    const next = children(messages, leaf).at(-1);
    if (!next) return leaf;
    leaf = next.id;
  }
}
