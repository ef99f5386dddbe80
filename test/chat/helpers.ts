import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ChatMessage } from '../../src/chat/conversation.ts';
import type { RenderInput } from '../../src/chat/template.ts';

/** The clock of the goldens, in local time. */
export const now = new Date(2026, 0, 5, 14, 3, 9);

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const shared = new URL('../../../shared/data/chat-templates/', import.meta.url);

/** Templates of real models by name: the free ones are committed, three others come from `../shared/data`, where that is. */
export const templates = new Map<string, string>();
for (const folder of [new URL('../fixtures/chat/templates/', import.meta.url), shared].filter(existsSync)) {
  for (const file of readdirSync(folder)) {
    templates.set(file.replace('.jinja', ''), readFileSync(new URL(file, folder), 'utf8'));
  }
}

export interface Conversation {
  messages: ChatMessage[];
  tools?: Record<string, unknown>[];
  documents?: Record<string, unknown>[];
  add_generation_prompt: boolean;
  [variable: string]: unknown;
}

export const conversations = JSON.parse(read('../fixtures/chat/conversations.json')) as Record<string, Conversation>;

export function inputOf({ messages, tools, documents, ...others }: Conversation): RenderInput {
  const { add_generation_prompt: addGenerationPrompt, ...templateVariables } = others;
  return { messages, tools, documents, addGenerationPrompt, bosToken: '<s>', eosToken: '</s>', now, templateVariables };
}
