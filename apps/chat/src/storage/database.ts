/** Tables of rows: what the storage needs of a database, so that its rules are the same over IndexedDB and over a tab's memory. */
import type { Conversation, Json, Message, Persona, SavedSession, StoredDocument } from './types.ts';

export interface Setting {
  readonly name: string;
  readonly value: Json;
}

/** Table → its rows. */
export interface Tables {
  conversations: Conversation;
  messages: Message;
  personas: Persona;
  settings: Setting;
  documents: StoredDocument;
  sessions: SavedSession;
}

export type TableName = keyof Tables;

/** Table → the field that names a row, and whether rows are also found by their conversation. */
export const tables: Readonly<Record<TableName, { readonly key: string; readonly isOfConversation: boolean }>> = {
  conversations: { key: 'id', isOfConversation: false },
  messages: { key: 'id', isOfConversation: true },
  personas: { key: 'id', isOfConversation: false },
  settings: { key: 'name', isOfConversation: false },
  documents: { key: 'id', isOfConversation: true },
  sessions: { key: 'conversationId', isOfConversation: false },
};

export const tableNames = Object.keys(tables) as TableName[];

/** The rows of a transaction. Nothing but these may be awaited inside one. */
export interface Rows {
  get<Name extends TableName>(table: Name, key: string): Promise<Tables[Name] | undefined>;
  all<Name extends TableName>(table: Name): Promise<Tables[Name][]>;
  ofConversation<Name extends 'messages' | 'documents'>(table: Name, id: string): Promise<Tables[Name][]>;
  put<Name extends TableName>(table: Name, row: Tables[Name]): Promise<void>;
  remove(table: TableName, key: string): Promise<void>;
  clear(table: TableName): Promise<void>;
}

export interface ChangeOptions {
  /** Wait until it is on the disk itself, not only with the system: survives a device that goes off. */
  readonly isStrict?: boolean;
}

/** All of a change happens, or nothing. */
export interface Database {
  readonly isKept: boolean;
  read<Result>(use: (rows: Rows) => Promise<Result>): Promise<Result>;
  change<Result>(use: (rows: Rows) => Promise<Result>, options?: ChangeOptions): Promise<Result>;
  close(): void;
}
