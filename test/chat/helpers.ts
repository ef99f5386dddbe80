import { readdirSync, readFileSync } from 'node:fs';
import type { ChatMessage, RenderInput } from '../../src/chat/conversation.ts';

/** The clock of the goldens, in local time. */
export const now = new Date(2026, 0, 5, 14, 3, 9);

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Templates of real models by name. */
const folder = new URL('../fixtures/chat/templates/', import.meta.url);
export const templates = new Map(
  readdirSync(folder).map((file) => [file.replace('.jinja', ''), readFileSync(new URL(file, folder), 'utf8')]),
);

export interface Conversation {
  messages: ChatMessage[];
  tools?: Record<string, unknown>[];
  documents?: Record<string, unknown>[];
  add_generation_prompt: boolean;
  [variable: string]: unknown;
}

export const conversations = JSON.parse(read('../fixtures/chat/conversations.json')) as Record<string, Conversation>;

export function inputOf({ messages, tools, documents, ...others }: Conversation): RenderInput {
  const { add_generation_prompt: addGenerationPrompt, ...templateVars } = others;
  return { messages, tools, documents, addGenerationPrompt, bosToken: '<s>', eosToken: '</s>', now, templateVars };
}
