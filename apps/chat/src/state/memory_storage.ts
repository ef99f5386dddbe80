/** Stands in for storage until that is merged. */
import type { Change, ChatStorage, Conversation, Message, Persona, StoredDocument } from '../storage/index.ts';

export async function openStorage(): Promise<ChatStorage> {
  const conversations = new Map<string, Conversation>();
  const messages = new Map<string, Message>();
  const personas = new Map<string, Persona>();
  const documents = new Map<string, StoredDocument>();
  const listeners = new Set<(change: Change) => void>();
  const tell = (kind: Change['kind'], id: string, isRemoved = false) => {
    for (const listener of listeners) listener({ kind, id, isRemoved, isElsewhere: false });
  };
  const storage = {
    isKept: false,
    conversations: async () => [...conversations.values()].sort((a, b) => b.updatedAt - a.updatedAt),
    conversation: async (id: string) => conversations.get(id),
    putConversation: async (conversation: Conversation) => {
      conversations.set(conversation.id, conversation);
      tell('conversation', conversation.id);
    },
    changeConversation: async (id: string, changes: Partial<Conversation>) => {
      const old = conversations.get(id);
      if (old) conversations.set(id, { ...old, ...changes });
      tell('conversation', id);
    },
    deleteConversation: async (id: string) => {
      conversations.delete(id);
      tell('conversation', id, true);
    },
    messages: async (id: string) => [...messages.values()].filter(({ conversationId }) => conversationId === id),
    putMessage: async (message: Message) => {
      messages.set(message.id, message);
      const old = conversations.get(message.conversationId);
      if (old) conversations.set(old.id, { ...old, updatedAt: Date.now(), leafId: message.id });
    },
    deleteMessage: async (id: string) => void messages.delete(id),
    answerWriter: async (message: Message) => {
      let now = message;
      await storage.putMessage(now);
      return {
        write: (answer: Partial<Message>) => void messages.set(now.id, (now = { ...now, ...answer })),
        finish: async (last: Partial<Message>) => void messages.set(now.id, (now = { ...now, ...last })),
      };
    },
    personas: async () => [...personas.values()],
    putPersona: async (persona: Persona) => void personas.set(persona.id, persona),
    deletePersona: async (id: string) => void personas.delete(id),
    setting: async () => undefined,
    putSetting: async () => undefined,
    documents: async (id: string) => [...documents.values()].filter(({ conversationId }) => conversationId === id),
    putDocument: async (document: StoredDocument) => void documents.set(document.id, document),
    deleteDocument: async (id: string) => void documents.delete(id),
    saveSession: async () => undefined,
    savedSession: async () => undefined,
    search: async (query: string) =>
      [...conversations.values()]
        .filter(({ title }) => title.toLowerCase().includes(query.toLowerCase()))
        .map(({ id, title }) => ({ conversationId: id, messageId: undefined, excerpt: title, marks: [] })),
    exportJson: async () => new Blob([JSON.stringify([...conversations.values()])]),
    importJson: async () => ({ nConversations: 0, nMessages: 0, nPersonas: 0, nKept: 0 }),
    deleteEverything: async () => conversations.clear(),
    onChange: (listener: (change: Change) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => undefined,
  };
  return storage;
}
