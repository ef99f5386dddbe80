import type { ChatMessage, ToolDefinition } from '../chat/conversation.ts';
import type { AdapterUse } from '../protocol/adapters.ts';
import type { ConversationPrompt } from '../protocol/open.ts';
import type { CallSite } from './call_site.ts';
import type { Begun } from './chat_note.ts';
import type { Sink } from './generation.ts';
import type { ModelSession } from './model_session.ts';
import type { SendOptions } from './option_types.ts';

/** What a chat remembers. */
export interface Talk {
  readonly session: ModelSession;
  readonly messages: ChatMessage[];
  /** What the template gets beside the messages. */
  readonly context: Omit<ConversationPrompt, 'messages'>;
  nLeftOut: number;
  nClears: number;
  isAnswering: boolean;
  /** The answer made last, unless the model ended it. */
  begun: Begun | undefined;
}

/** A question whose turn has come. */
export interface Asking {
  /** Of this call. */
  readonly options: SendOptions;
  readonly onSave: SendOptions['onSave'];
  readonly signal: AbortSignal;
  readonly site: CallSite;
  readonly sink: Sink;
}

export interface Question {
  readonly question: ChatMessage;
  readonly adapters: readonly AdapterUse[] | undefined;
  /** In place of the chat's own. */
  readonly tools?: readonly ToolDefinition[];
}
