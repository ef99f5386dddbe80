/** What is given to a LanguageModel's prompts, as messages. */
import type { ChatMessage } from '../../chat/conversation.ts';

export interface MessageContent {
  readonly type: 'text' | 'image' | 'audio';
  readonly value: unknown;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string | readonly MessageContent[];
  /** The answer goes on from this text: for an assistant's message that is the last. */
  readonly prefix?: boolean;
}

export type PromptInput = string | readonly Message[];

/** Messages, and what the answer begins with. */
export interface Said {
  readonly messages: readonly ChatMessage[];
  readonly prefix: string | undefined;
}

const roles = ['system', 'user', 'assistant'];

/**
 * A prompt as messages; what is no list is a text. @param isFirst whether nothing was said before: a system message can stand there alone
 * @throws TypeError for messages that have no such form, DOMException for content that is no text.
 */
export function saidOf(input: unknown, { isFirst }: { readonly isFirst: boolean }): Said {
  if (!Array.isArray(input)) return { messages: [{ role: 'user', content: String(input) }], prefix: undefined };
  const messages = input.map((message: unknown, i): ChatMessage => {
    const { role, content, prefix } = (
      typeof message === 'object' && message !== null ? message : {}
    ) as Partial<Message>;
    if (role === undefined || !roles.includes(role))
      throw new TypeError(`the role of message ${i} is ${JSON.stringify(role)}, expected ${roles.join(', ')}`);
    if (role === 'system' && !(isFirst && i === 0))
      throw new TypeError(`message ${i} is a system message; it can be the first of all alone`);
    if (prefix && (role !== 'assistant' || i < input.length - 1))
      throw new DOMException('prefix is for an assistant message that is the last', 'SyntaxError');
    return { role, content: textOf(content, role, i) };
  });
  const last = (input as Partial<Message>[]).at(-1);
  if (!last?.prefix) return { messages, prefix: undefined };
  return { messages: messages.slice(0, -1), prefix: messages.at(-1)!.content as string };
}

function textOf(content: Message['content'] | undefined, role: string, i: number): string {
  if (!Array.isArray(content)) {
    if (content === undefined) throw new TypeError(`message ${i} has no content`);
    return String(content);
  }
  return content
    .map(({ type, value }: MessageContent) => {
      if (type === 'text' && typeof value === 'string') return value;
      if (type === 'text')
        throw new DOMException(`the text of message ${i} is ${typeof value}, expected a string`, 'SyntaxError');
      if (type === 'image' || type === 'audio')
        throw new DOMException(
          `message ${i} of the ${role} has ${type}; this model reads text alone`,
          'NotSupportedError',
        );
      throw new TypeError(`content of message ${i} is of type ${JSON.stringify(type)}, expected text, image or audio`);
    })
    .join('');
}

/** @throws TypeError for messages to begin with that end in a prefix, or for what is no list. */
export function initialOf(given: unknown): readonly ChatMessage[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given))
    throw new TypeError(`initialPrompts is ${typeof given}, expected a list of messages`);
  const { messages, prefix } = saidOf(Array.from(given as Iterable<unknown>), { isFirst: true });
  if (prefix !== undefined) throw new TypeError('initialPrompts cannot end with a prefix');
  return messages;
}
