import { given, kindOf, tagOf, tokensOf } from '../base/checks.ts';
import { UnsupportedError } from '../base/errors.ts';
import { checkConversation, type ChatMessage, type ToolDefinition } from '../chat/conversation.ts';
import type { ConversationPrompt, Prompt, TextPrompt } from '../protocol/open.ts';
import { checkOptions } from './options.ts';

/** All that is taken for a prompt: also tokens in any array, and the messages of a conversation by themselves. */
export type PromptLike = Prompt | ArrayLike<number> | readonly ChatMessage[];

const wanted = 'a text, tokens, a list of messages, { text } or { messages }; a message is { role, content }';

/** @throws TypeError for anything else, UnsupportedError for what is no text, in the caller's own thread. */
export function promptOf(prompt: PromptLike): Prompt {
  if (typeof prompt === 'string') return prompt;
  if (ArrayBuffer.isView(prompt) || Array.isArray(prompt)) {
    const items = Array.from(prompt as ArrayLike<unknown>);
    if (items.every((item) => typeof item === 'number')) return items;
    if (items.every((item) => typeof item === 'object')) return conversationOf({ messages: messagesOf(items) });
  } else if (typeof prompt === 'object' && prompt !== null) {
    if ('text' in prompt) return checkedText(prompt);
    if ('messages' in prompt) {
      checkOptions('a prompt of messages', prompt);
      return conversationOf({ ...prompt, messages: messagesOf(prompt.messages) });
    }
  }
  const came = Array.isArray(prompt) ? 'a list of other things' : kindOf(prompt);
  throw new TypeError(`the prompt is ${came}, expected ${wanted}`);
}

function checkedText(prompt: TextPrompt): Prompt {
  checkOptions('a prompt of text', prompt);
  const { text } = prompt;
  if (typeof text !== 'string') throw new TypeError(`the prompt's text is ${kindOf(text)}, expected a string`);
  return given(prompt);
}

/** A prompt whose messages are checked. @throws TypeError for what beside them is not as templates take it. */
export function conversationOf(prompt: ConversationPrompt): ConversationPrompt {
  const { templateVars } = prompt;
  const isPlain = typeof templateVars === 'object' && !Array.isArray(templateVars);
  if (templateVars !== undefined && templateVars !== null && !isPlain)
    throw new TypeError(`templateVars is ${kindOf(templateVars)}, expected an object`);
  const conversation = { ...prompt, tools: toolsOf(prompt.tools) };
  checkConversation(conversation);
  return conversation;
}

/** A conversation as templates take it. @throws TypeError where it is none, UnsupportedError for content that is no text. */
export function messagesOf(messages: unknown, name = 'messages'): ChatMessage[] {
  if (!Array.isArray(messages)) {
    throw new TypeError(`${name} is ${kindOf(messages)}, expected a list of messages; a message is { role, content }`);
  }
  if (messages.length === 0) throw new RangeError(`${name} is empty; give at least one message, { role, content }`);
  return messages.map((message, i) => messageOf(message, `${name}[${i}]`));
}

/** One message, with the parts of its text joined. */
export function messageOf(message: unknown, where: string): ChatMessage {
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new TypeError(`${where} is ${kindOf(message)}; a message is { role, content }`);
  const { role, content, toolCalls, ...others } = message as Partial<ChatMessage>;
  if (typeof role !== 'string') {
    const came = role === undefined ? 'missing' : kindOf(role);
    throw new TypeError(`${where}.role is ${came}, expected user, assistant, system …; a message is { role, content }`);
  }
  const isSaid = role === 'user' || role === 'system';
  if (isSaid && (content === undefined || content === null))
    throw new TypeError(`${where}.content is ${kindOf(content)}, expected what the ${role} says, a text`);
  return {
    ...others,
    role,
    ...(content !== undefined && { content: content === null ? null : textOf(content, `${where}.content`) }),
    ...(toolCalls !== undefined && toolCalls !== null && { toolCalls: callsOf(toolCalls, `${where}.toolCalls`) }),
  };
}

/** A text, or the texts of a list of parts, one after the other, as nothing but what was given. */
function textOf(content: unknown, where: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) {
    throw new TypeError(`${where} is ${kindOf(content)}, expected a text, or a list of { type: 'text', text }`);
  }
  return content.map((part: unknown, i) => partText(part, `${where}[${i}]`)).join('');
}

function partText(part: unknown, where: string): string {
  const { type, text } = (typeof part === 'object' && part !== null ? part : {}) as { type?: unknown; text?: unknown };
  if (typeof type !== 'string') {
    throw new TypeError(`${where} is ${kindOf(part)} without a type, expected { type: 'text', text }`);
  }
  if (type !== 'text')
    throw new UnsupportedError(
      `${where} is of type ${type}; thimble reads text alone: leave it out, or say it in words`,
    );
  if (typeof text !== 'string') throw new TypeError(`${where}.text is ${kindOf(text)}, expected a string`);
  return text;
}

function callsOf(toolCalls: unknown, where: string): ChatMessage['toolCalls'] {
  const isCall = (call: unknown) => typeof (call as { name?: unknown } | null)?.name === 'string';
  if (Array.isArray(toolCalls) && toolCalls.every(isCall)) return toolCalls as ChatMessage['toolCalls'];
  throw new TypeError(`${where} is ${kindOf(toolCalls)}, expected a list of { name, arguments }`);
}

/** Tools as templates take them. */
function toolsOf(tools: unknown): readonly ToolDefinition[] | undefined {
  if (tools === undefined || tools === null) return undefined;
  const isTool = (tool: unknown) => typeof tool === 'object' && tool !== null && !Array.isArray(tool);
  if (Array.isArray(tools) && tools.every(isTool)) return tools;
  const form = "{ type: 'function', function: { name, description, parameters } }";
  throw new TypeError(
    `tools is ${Array.isArray(tools) ? 'a list of other things' : kindOf(tools)}, expected a list of ${form}`,
  );
}

/** Stop texts as a list; none for null. */
export function stopsOf(stop: unknown): readonly string[] | undefined {
  if (stop === undefined || stop === null) return undefined;
  const stops: unknown = typeof stop === 'string' ? [stop] : stop;
  if (!Array.isArray(stops) || !stops.every((text) => typeof text === 'string'))
    throw new TypeError(
      `stop is ${Array.isArray(stops) ? 'a list of other things' : kindOf(stops)}, expected a text or a list of texts`,
    );
  if (stops.includes(''))
    throw new RangeError('stop holds an empty text, which every answer starts with; leave it out');
  return [...stops];
}

/** Ways in which a text may go on, as prompts of nothing but their own text. */
export function continuationsOf(continuations: readonly unknown[]): Prompt[] {
  return continuations.map((way: unknown) => (typeof way === 'string' ? { text: way } : tokensOf(way)));
}

/** Bytes that are copied to the engine's thread in no time. */
const FEW_BYTES = 4 * 2 ** 20;

/** The bytes of a saved session, or where they are. */
export async function bytesOf(bytes: unknown): Promise<Uint8Array | Blob> {
  if (['Blob', 'File'].includes(tagOf(bytes))) return bytes as Blob;
  if (tagOf(bytes) === 'ArrayBuffer') return bytesOf(new Uint8Array(bytes as ArrayBuffer));
  if (tagOf(bytes) === 'Uint8Array') {
    const given = bytes as Uint8Array;
    return given.length <= FEW_BYTES ? given : (await import('../platform/receive.ts')).blobOf(given);
  }
  const hint = typeof bytes === 'string' ? '; read the file without an encoding' : '';
  throw new TypeError(
    `restore got ${kindOf(bytes)}, expected the bytes that save() made, a Uint8Array, ArrayBuffer or Blob${hint}`,
  );
}
