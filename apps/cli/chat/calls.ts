/** Calls of tools in a chat: whoever is in front says what they return. */
import type { Chat, ChatMessage, ToolCall } from '../../../src/index.ts';
import { callAsText } from '../tools.ts';

/** The calls of the last answer that have no result yet. */
function openCalls({ messages }: Chat): readonly ToolCall[] {
  const at = messages.findLastIndex(({ role }) => role !== 'tool');
  return messages[at]?.toolCalls?.slice(messages.length - 1 - at) ?? [];
}

/** What is said next is the result of this call; undefined where none waits for one. */
export function asksFor(chat: Chat): string | undefined {
  const [call] = openCalls(chat);
  if (!call) return undefined;
  const json = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
  return `your next message is what ${callAsText(call.name, json)} returns`;
}

/** What is to be sent for a text: a message, a result, or nothing yet where results of other calls are missing. */
export function messageFor(chat: Chat, text: string): string | ChatMessage | undefined {
  const [call, ...others] = openCalls(chat);
  if (!call) return text;
  const { id, name } = call;
  const result: ChatMessage = { role: 'tool', name, ...(id !== undefined && { toolCallId: id }), content: text };
  if (others.length === 0) return result;
  chat.messages.push(result);
  return undefined;
}
