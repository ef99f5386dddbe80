/** Saved sessions are there to save time: they take a bounded room, and go first when there is none. */
import type { Rows } from './database.ts';
import type { SavedSession } from './types.ts';

const mostBytes = 64 * 2 ** 20;

/** Keeps a session in place of the conversation's last one; the oldest others go until all fit. */
export async function keepSession(rows: Rows, session: SavedSession): Promise<void> {
  const { conversationId, bytes } = session;
  await rows.remove('sessions', conversationId);
  if (bytes.length > mostBytes || !(await rows.get('conversations', conversationId))) return;
  const others = (await rows.all('sessions')).sort((a, b) => b.savedAt - a.savedAt);
  let sumBytes = bytes.length;
  for (const other of others) {
    sumBytes += other.bytes.length;
    if (sumBytes > mostBytes) await rows.remove('sessions', other.conversationId);
  }
  await rows.put('sessions', session);
}
