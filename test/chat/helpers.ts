import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ChatMessage } from '../../src/chat/conversation.ts';
import type { RenderInput } from '../../src/chat/template.ts';

/** The clock of the goldens, in local time. */
export const now = new Date(2026, 0, 5, 14, 3, 9);

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const shared = new URL('../../../shared/data/chat-templates/', import.meta.url);

/** Templates of real models by name: one committed (Apache-2.0), the others from `../shared/data`, where that is. */
export const templates = new Map([['SmolLM2-135M-Instruct', read('../fixtures/chat/SmolLM2-135M-Instruct.jinja')]]);
export const hasShared = existsSync(shared);
if (hasShared) {
  for (const file of readdirSync(shared)) {
    templates.set(file.replace('.jinja', ''), readFileSync(new URL(file, shared), 'utf8'));
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
