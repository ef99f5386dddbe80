/** The rules of what is kept: which rows change together, who is told, what may not be lost. */
import { changesOf, type Changes, type Told } from './changes.ts';
import { tableNames, type Database, type Rows } from './database.ts';
import { StorageError } from './errors.ts';
import { exportJson } from './export.ts';
import { importJson } from './import.ts';
import { keptDatabase } from './kept_database.ts';
import { livingAnswers, type Living } from './living.ts';
import { memoryDatabase } from './memory_database.ts';
import { keepSession } from './sessions.ts';
import { textSearch, type TextSearch } from './search.ts';
import type { ChatStorage, Conversation, Message } from './types.ts';
import { answerWriter } from './writer.ts';

const name = 'thimble-chat';

/**
 * Opens what is kept on this device. Where the browser keeps nothing, all is kept by this tab alone (`isKept` is false).
 * @throws StorageError where another tab is in the way.
 */
export async function openStorage(): Promise<ChatStorage> {
  try {
    return storageOver(await keptDatabase(name));
  } catch (error) {
    if (error instanceof StorageError) throw error;
    return storageOver(memoryDatabase());
  }
}

interface Parts {
  readonly database: Database;
  readonly changes: Changes;
  readonly living: Living;
  readonly search: TextSearch;
  tell(change: Omit<Told, 'isRemoved'> & { readonly isRemoved?: boolean }): void;
}

export function storageOver(database: Database): ChatStorage {
  const changes = changesOf(name);
  const search = textSearch(database);
  changes.listen((change) => search.changed(change));
  const tell: Parts['tell'] = (change) => changes.tell({ isRemoved: false, ...change });
  const living = livingAnswers(`${name}-answer-`, ({ id, conversationId }) =>
    tell({ kind: 'message', id, conversationId }),
  );
  const parts: Parts = { database, changes, living, search, tell };
  return {
    isKept: database.isKept,
    ...conversationCalls(parts),
    ...messageCalls(parts),
    ...personaCalls(parts),
    ...settingCalls(parts),
    ...documentCalls(parts),
    ...sessionCalls(parts),
    ...wholeCalls(parts),
  };
}

const inOrder = (a: Conversation, b: Conversation): number =>
  Number(b.isPinned) - Number(a.isPinned) || b.updatedAt - a.updatedAt;

const gone = (): StorageError => new StorageError('gone', 'This conversation was deleted, in another tab perhaps.');

async function conversationRow(rows: Rows, id: string): Promise<Conversation> {
  const conversation = await rows.get('conversations', id);
  if (!conversation) throw gone();
  return conversation;
}

const conversationCalls = ({ database, tell }: Parts) =>
  ({
    conversations: async () => (await database.read((rows) => rows.all('conversations'))).sort(inOrder),
    conversation: (id) => database.read((rows) => rows.get('conversations', id)),
    async putConversation(conversation) {
      await database.change((rows) => rows.put('conversations', conversation), { isStrict: true });
      tell({ kind: 'conversation', id: conversation.id });
    },
    async changeConversation(id, changes) {
      await database.change(async (rows) =>
        rows.put('conversations', { ...(await conversationRow(rows, id)), ...changes, id }),
      );
      tell({ kind: 'conversation', id });
    },
    async deleteConversation(id) {
      const messages = await database.change(async (rows) => {
        const found = await rows.ofConversation('messages', id);
        for (const message of found) await rows.remove('messages', message.id);
        for (const document of await rows.ofConversation('documents', id)) await rows.remove('documents', document.id);
        await rows.remove('sessions', id);
        await rows.remove('conversations', id);
        return found;
      });
      for (const message of messages) tell({ kind: 'message', id: message.id, conversationId: id, isRemoved: true });
      tell({ kind: 'conversation', id, isRemoved: true });
    },
  }) satisfies Partial<ChatStorage>;

const messageCalls = (parts: Parts) =>
  ({
    messages: async (conversationId) => {
      const messages = await parts.database.read((rows) => rows.ofConversation('messages', conversationId));
      return (await parts.living.judged(messages)).sort((a, b) => a.createdAt - b.createdAt);
    },
    putMessage: (message) => putMessage(parts, message, { isStrict: true }),
    async deleteMessage(id) {
      const removed = await parts.database.change((rows) => removeWithAllBelow(rows, id));
      if (!removed) return;
      const { conversationId } = removed;
      for (const each of removed.ids) parts.tell({ kind: 'message', id: each, conversationId, isRemoved: true });
      parts.tell({ kind: 'conversation', id: conversationId });
    },
    async answerWriter(message) {
      const onEnd = parts.living.begin(message.id);
      const growing: Message = { ...message, state: 'growing' };
      try {
        await putMessage(parts, growing, { isStrict: false });
      } catch (error) {
        onEnd();
        throw error;
      }
      return answerWriter(growing, { onEnd, put: (now, { isStrict }) => rewriteMessage(parts, now, { isStrict }) });
    },
  }) satisfies Partial<ChatStorage>;

interface Strictness {
  readonly isStrict: boolean;
}

async function putMessage({ database, tell }: Parts, message: Message, strictness: Strictness): Promise<void> {
  const { id, conversationId, parentId, createdAt } = message;
  await database.change(async (rows) => {
    const conversation = await conversationRow(rows, conversationId);
    if (parentId !== undefined && !(await rows.get('messages', parentId))) throw gone();
    await rows.put('messages', message);
    const updatedAt = Math.max(conversation.updatedAt, createdAt);
    await rows.put('conversations', { ...conversation, updatedAt, leafId: id });
  }, strictness);
  tell({ kind: 'message', id, conversationId });
  tell({ kind: 'conversation', id: conversationId });
}

/** Writes a message that is there already. One that was deleted meanwhile does not come back. */
async function rewriteMessage({ database, tell }: Parts, message: Message, strictness: Strictness): Promise<void> {
  const { id, conversationId } = message;
  await database.change(async (rows) => {
    if (!(await rows.get('messages', id))) throw gone();
    await rows.put('messages', message);
  }, strictness);
  tell({ kind: 'message', id, conversationId });
}

/** The branch that is shown then ends before the message. */
async function removeWithAllBelow(rows: Rows, id: string) {
  const message = await rows.get('messages', id);
  if (!message) return undefined;
  const { conversationId, parentId } = message;
  const all = await rows.ofConversation('messages', conversationId);
  const ids = new Set([id]);
  for (let size = 0; size < ids.size;) {
    size = ids.size;
    for (const each of all) if (each.parentId !== undefined && ids.has(each.parentId)) ids.add(each.id);
  }
  for (const each of ids) await rows.remove('messages', each);
  const conversation = await rows.get('conversations', conversationId);
  if (conversation?.leafId !== undefined && ids.has(conversation.leafId)) {
    const { leafId: _, ...rest } = conversation;
    await rows.put('conversations', parentId === undefined ? rest : { ...rest, leafId: parentId });
  }
  return { conversationId, ids };
}

const personaCalls = ({ database, tell }: Parts) =>
  ({
    personas: async () =>
      (await database.read((rows) => rows.all('personas'))).sort((a, b) => a.name.localeCompare(b.name)),
    async putPersona(persona) {
      await database.change((rows) => rows.put('personas', persona));
      tell({ kind: 'persona', id: persona.id });
    },
    async deletePersona(id) {
      await database.change((rows) => rows.remove('personas', id));
      tell({ kind: 'persona', id, isRemoved: true });
    },
  }) satisfies Partial<ChatStorage>;

const settingCalls = ({ database, tell }: Parts) =>
  ({
    setting: async (setting) => (await database.read((rows) => rows.get('settings', setting)))?.value,
    async putSetting(setting, value) {
      await database.change((rows) => rows.put('settings', { name: setting, value }));
      tell({ kind: 'setting', id: setting });
    },
  }) satisfies Partial<ChatStorage>;

const documentCalls = ({ database, tell }: Parts) =>
  ({
    documents: async (conversationId) => {
      const documents = await database.read((rows) => rows.ofConversation('documents', conversationId));
      return documents.sort((a, b) => a.createdAt - b.createdAt);
    },
    async putDocument(document) {
      const { id, conversationId } = document;
      await database.change(async (rows) => {
        await conversationRow(rows, conversationId);
        await rows.put('documents', document);
      });
      tell({ kind: 'document', id, conversationId });
    },
    async deleteDocument(id) {
      const document = await database.change(async (rows) => {
        const found = await rows.get('documents', id);
        if (found) await rows.remove('documents', id);
        return found;
      });
      if (document) tell({ kind: 'document', id, conversationId: document.conversationId, isRemoved: true });
    },
  }) satisfies Partial<ChatStorage>;

const sessionCalls = ({ database }: Parts) =>
  ({
    saveSession: (session) => database.change((rows) => keepSession(rows, { ...session, savedAt: Date.now() })),
    savedSession: (conversationId) => database.read((rows) => rows.get('sessions', conversationId)),
  }) satisfies Partial<ChatStorage>;

const wholeCalls = ({ database, changes, search, tell }: Parts) =>
  ({
    search: (query, { most = 50 } = {}) => search.search(query, most),
    exportJson: (conversationIds) => database.read((rows) => exportJson(rows, conversationIds)),
    async importJson(file) {
      const imported = await importJson(database, file);
      tell({ kind: 'everything', id: '' });
      return imported;
    },
    async deleteEverything() {
      await database.change(async (rows) => {
        for (const table of tableNames) await rows.clear(table);
      });
      tell({ kind: 'everything', id: '', isRemoved: true });
    },
    onChange: (listener) => changes.listen(listener),
    close() {
      changes.close();
      database.close();
    },
  }) satisfies Partial<ChatStorage>;
