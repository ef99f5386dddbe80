/**
 * Which answers are being made: a tab holds a lock while it writes one, and the browser frees the lock when the tab dies. So an answer that is
 * `growing` without a lock was interrupted.
 */
import type { Message } from './types.ts';

export interface Living {
  /** @returns what ends it */
  begin(messageId: string): () => void;
  /** The messages as they are: `growing` ones that nobody writes are `interrupted`. */
  judged(messages: readonly Message[]): Promise<Message[]>;
}

/** @param onEnd is told when the tab of an answer that was judged to be growing is done with it, or died */
export function livingAnswers(prefix: string, onEnd: (message: Message) => void): Living {
  const own = new Set<string>();
  const watched = new Set<string>();
  const { locks } = (globalThis.navigator ?? {}) as Partial<Navigator>; // missing where a page came without TLS
  const watch = (message: Message): void => {
    if (own.has(message.id) || watched.has(message.id)) return;
    watched.add(message.id);
    const done = locks?.request(`${prefix}${message.id}`, { mode: 'shared' }, () => {
      watched.delete(message.id);
      onEnd(message);
    });
    void done?.catch(() => undefined);
  };
  return {
    begin(messageId) {
      own.add(messageId);
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      void locks?.request(`${prefix}${messageId}`, () => ended).catch(() => undefined);
      return () => {
        own.delete(messageId);
        end();
      };
    },
    async judged(messages) {
      if (!messages.some(({ state }) => state === 'growing')) return [...messages];
      const held = (await locks?.query())?.held ?? [];
      const living = new Set([...own].concat(held.map(({ name = '' }) => name.slice(prefix.length))));
      for (const message of messages) if (message.state === 'growing' && living.has(message.id)) watch(message);
      return messages.map((message) =>
        message.state === 'growing' && !living.has(message.id) ? { ...message, state: 'interrupted' } : message,
      );
    },
  };
}
