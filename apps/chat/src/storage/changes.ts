/** Tells this tab and the others what changed. */
import type { Change } from './types.ts';

export type Told = Omit<Change, 'isElsewhere'>;

export interface Changes {
  tell(change: Told): void;
  listen(listener: (change: Change) => void): () => void;
  close(): void;
}

export function changesOf(name: string): Changes {
  const listeners = new Set<(change: Change) => void>();
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
  const spread = (change: Change) => {
    for (const listener of [...listeners]) listener(change);
  };
  if (channel) channel.onmessage = ({ data }) => spread({ ...(data as Told), isElsewhere: true });
  return {
    tell(change) {
      channel?.postMessage(change);
      spread({ ...change, isElsewhere: false });
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      channel?.close();
      listeners.clear();
    },
  };
}
