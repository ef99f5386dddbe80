/** What is kept on the device, and how one gets at it. */

/** Tokens, times and speeds of an answer, as they are shown below it. */
export interface AnswerStats {
  readonly nPromptTokens: number;
  readonly nTokens: number;
  readonly ttftMs: number;
  readonly decodeTps: number;
  readonly prefillTps: number;
  readonly stopReason: string;
}

/** Where an answer's passage comes from. */
export interface SourcePlace {
  readonly documentId: string;
  /** The document's name as it was attached. */
  readonly name: string;
  /** `page 3`, or the headings above the passage, outermost first. */
  readonly place: string;
  readonly text: string;
}

/**
 * `growing`: an answer that is being made, in this tab or another one; `interrupted`: one whose tab died before it was whole; `whole`;
 * `stopped` by the user; `failed`, with `error`.
 */
export type MessageState = 'growing' | 'interrupted' | 'whole' | 'stopped' | 'failed';

/**
 * A node of the conversation's tree. The first messages have no parent; a message that was edited, or an answer that was made again, is a
 * sibling of the old one.
 */
export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly parentId: string | undefined;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly thinking?: string;
  readonly createdAt: number;
  readonly state: MessageState;
  readonly error?: string;
  /** Which model answered. */
  readonly model?: string;
  readonly stats?: AnswerStats;
  /** Documents that were attached to this message. */
  readonly documentIds?: readonly string[];
  /** Passages that the model was given for this answer. */
  readonly sources?: readonly SourcePlace[];
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  /** Who gave the title: a model's or the first words' may be replaced, the user's may not. */
  readonly titleFrom: 'words' | 'model' | 'user';
  readonly createdAt: number;
  /** Of the latest message. */
  readonly updatedAt: number;
  readonly isPinned: boolean;
  readonly personaId?: string;
  /** The last message of the branch that is shown. */
  readonly leafId?: string;
  /** Sampler and other settings of this conversation alone. */
  readonly settings?: JsonObject;
}

export interface Persona {
  readonly id: string;
  readonly name: string;
  /** Becomes the system message. */
  readonly prompt: string;
  readonly settings?: JsonObject;
  readonly updatedAt: number;
}

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** An attached document: its text in parts, each with its place. */
export interface StoredDocument {
  readonly id: string;
  readonly conversationId: string;
  readonly name: string;
  readonly kind: 'text' | 'markdown' | 'pdf';
  readonly sizeBytes: number;
  readonly parts: readonly DocumentPart[];
  readonly createdAt: number;
}

export interface DocumentPart {
  /** `page 3`, or headings, outermost first, joined by ` › `; empty at the beginning of a plain text. */
  readonly place: string;
  readonly text: string;
}

/** A model's session as `session.save()` gave it, to go on without reading everything again. */
export interface SavedSession {
  readonly conversationId: string;
  /** Which model and which options it belongs to; another one's is of no use. */
  readonly key: string;
  /** The last message that it knows. */
  readonly leafId: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly savedAt: number;
}

export interface SearchHit {
  readonly conversationId: string;
  /** Undefined where the title matches. */
  readonly messageId: string | undefined;
  /** A part of the text around the first match. */
  readonly excerpt: string;
  /** Where the words lie in the excerpt: [begin, end) each. */
  readonly marks: readonly (readonly [number, number])[];
}

/** What changed, here or in another tab. */
export interface Change {
  readonly kind: 'conversation' | 'message' | 'persona' | 'setting' | 'document' | 'everything';
  readonly id: string;
  /** Of messages and documents. */
  readonly conversationId?: string;
  readonly isRemoved: boolean;
  /** Whether another tab did it. */
  readonly isElsewhere: boolean;
}

/** What an import brought. What was there already, by its id and with the same or a later time, is left as it is. */
export interface Imported {
  /** New ones. */
  readonly nConversations: number;
  /** Conversations that were here already; messages that they lacked are added. */
  readonly nHere: number;
  readonly nMessages: number;
  readonly nPersonas: number;
  /** Messages and personas that were left as they are. */
  readonly nKept: number;
}

/** What an answer may bring when it is done. */
export type AnswerEnd = Partial<Pick<Message, 'text' | 'thinking' | 'error' | 'stats' | 'sources'>> & {
  readonly state: 'whole' | 'stopped' | 'failed';
};

/** Writes an answer while it grows: every 300 ms at most, and at once when the page is hidden. */
export interface AnswerWriter {
  /** All that there is so far. A write that fails is told by `finish`. */
  write(answer: { readonly text: string; readonly thinking?: string }): void;
  /** Writes what is left. Resolves when it is on the disk. */
  finish(end: AnswerEnd): Promise<void>;
}

/**
 * Everything that is kept, in IndexedDB. Every write is done when its promise resolves.
 *
 * Calls reject with a `StorageError` whose message says what to do. Its `problem` is `full`, where the device has no room; `blocked`, where
 * another tab has another version open; `gone`, where what is written to was deleted, in another tab perhaps; `damaged`.
 */
export interface ChatStorage {
  /** False where the browser keeps nothing, as in some private windows: then everything is lost with this tab. */
  readonly isKept: boolean;

  /** Pinned ones first, then the latest. */
  conversations(): Promise<Conversation[]>;
  conversation(id: string): Promise<Conversation | undefined>;
  /** Adds or replaces. */
  putConversation(conversation: Conversation): Promise<void>;
  changeConversation(id: string, changes: Partial<Omit<Conversation, 'id'>>): Promise<void>;
  /** With its messages, documents and saved session. */
  deleteConversation(id: string): Promise<void>;

  /** All messages of a conversation, in the order of their making; `branches.ts` makes paths of them. */
  messages(conversationId: string): Promise<Message[]>;
  /** Adds or replaces, and makes the conversation's `updatedAt` and `leafId` follow. */
  putMessage(message: Message): Promise<void>;
  /** With all that follows. */
  deleteMessage(id: string): Promise<void>;
  /** Stores the message as `growing`, and writes on from there. */
  answerWriter(message: Message): Promise<AnswerWriter>;

  personas(): Promise<Persona[]>;
  putPersona(persona: Persona): Promise<void>;
  deletePersona(id: string): Promise<void>;

  setting(name: string): Promise<Json | undefined>;
  putSetting(name: string, value: Json): Promise<void>;

  documents(conversationId: string): Promise<StoredDocument[]>;
  putDocument(document: StoredDocument): Promise<void>;
  deleteDocument(id: string): Promise<void>;

  /** Keeps the latest of each conversation, and 64 MB in all: the oldest go. */
  saveSession(session: Omit<SavedSession, 'savedAt'>): Promise<void>;
  savedSession(conversationId: string): Promise<SavedSession | undefined>;

  /** Titles and messages that hold all words, or words that begin so; the best first. */
  search(query: string, options?: { readonly most?: number }): Promise<SearchHit[]>;

  /** Conversations with messages and documents, and personas, as JSON; all conversations, or those given. */
  exportJson(conversationIds?: readonly string[]): Promise<Blob>;
  /** @throws ImportError, which says where the file is wrong; nothing is taken then. */
  importJson(file: Blob): Promise<Imported>;

  deleteEverything(): Promise<void>;
  /** @returns what ends it */
  onChange(listener: (change: Change) => void): () => void;
  close(): void;
}
