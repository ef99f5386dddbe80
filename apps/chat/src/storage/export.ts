import type { Rows } from './database.ts';
import { format, formatVersion, type ExportedConversation } from './format.ts';

/** Conversation by conversation, so that no text holds everything. */
export async function exportJson(rows: Rows, ids?: readonly string[]): Promise<Blob> {
  const wanted = ids && new Set(ids);
  const conversations = (await rows.all('conversations')).filter(({ id }) => wanted?.has(id) ?? true);
  const head = { format, version: formatVersion, exportedAt: new Date().toISOString() };
  const parts: BlobPart[] = [`${JSON.stringify(head).slice(0, -1)},\n"conversations":[`];
  for (const [i, conversation] of conversations.entries()) {
    const messages = await rows.ofConversation('messages', conversation.id);
    const documents = await rows.ofConversation('documents', conversation.id);
    const exported: ExportedConversation = { ...conversation, messages, documents };
    parts.push(i === 0 ? '\n' : ',\n', JSON.stringify(exported));
  }
  const personas = wanted ? [] : await rows.all('personas');
  parts.push(`\n],\n"personas":${JSON.stringify(personas)}}\n`);
  return new Blob(parts, { type: 'application/json' });
}
