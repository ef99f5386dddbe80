import { checkConversation, type ChatMessage } from '../chat/conversation.ts';
import type { Prompt } from '../protocol/open.ts';

/** All that is taken for a prompt: also tokens in any array, and the messages of a conversation by themselves. */
export type PromptLike = Prompt | ArrayLike<number> | readonly ChatMessage[];

/** @throws TypeError for anything else, in the caller's own thread. */
export function promptOf(prompt: PromptLike): Prompt {
  if (typeof prompt === 'string') return prompt;
  if (ArrayBuffer.isView(prompt) || Array.isArray(prompt)) {
    const items = Array.from(prompt as ArrayLike<unknown>);
    if (items.every((item) => typeof item === 'number')) return items;
    if (items.every(isMessage)) return { messages: items };
  } else if (typeof prompt === 'object' && prompt !== null) {
    if ('text' in prompt && typeof prompt.text === 'string') return prompt;
    if ('messages' in prompt && Array.isArray(prompt.messages) && prompt.messages.every(isMessage)) {
      checkConversation(prompt);
      return prompt;
    }
  }
  const came = prompt === null ? 'null' : Array.isArray(prompt) ? 'a list of other things' : `of type ${typeof prompt}`;
  const wanted = 'a text, tokens, a list of messages, { text } or { messages }; a message is { role, content }';
  throw new TypeError(`the prompt is ${came}, expected ${wanted}`);
}

const isMessage = (item: unknown): item is ChatMessage =>
  typeof item === 'object' && item !== null && typeof (item as ChatMessage).role === 'string';
