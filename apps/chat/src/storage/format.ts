/** The file of an export. */
import type { Conversation, Message, Persona, StoredDocument } from './types.ts';

export const format = 'thimble conversations';
export const formatVersion = 1;

export type ExportedConversation = Conversation & {
  readonly messages: readonly Message[];
  readonly documents: readonly StoredDocument[];
};

export interface Exported {
  readonly format: typeof format;
  readonly version: number;
  readonly exportedAt: string;
  readonly conversations: readonly ExportedConversation[];
  readonly personas: readonly Persona[];
}
