/** What a conversation is made of in the Responses API: items. */
import type { ChatMessage, ToolCall, ToolDefinition } from '../../chat/conversation.ts';
import { HttpError } from '../http_error.ts';
import { list, object, oneOf, shown, text, wrong, type Check } from '../parameters.ts';
import { content, NO_PARAMETERS } from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What an item adds to the conversation. Thoughts and calls belong to the assistant's message beside them. */
type Piece = { readonly message: ChatMessage } | { readonly call: ToolCall } | { readonly reasoning: string };

const readers: Readonly<Record<string, (item: Fields, where: string) => Piece>> = {
  message(item, where) {
    const role = oneOf('system', 'developer', 'user', 'assistant')(item['role'], `${where}.role`);
    return {
      message: { role: role === 'developer' ? 'system' : role, content: content(item['content'], `${where}.content`) },
    };
  },
  function_call: (item, where) => ({
    call: {
      id: text(item['call_id'], `${where}.call_id`),
      name: text(item['name'], `${where}.name`),
      arguments: text(item['arguments'], `${where}.arguments`),
    },
  }),
  function_call_output: (item, where) => ({
    message: {
      role: 'tool',
      toolCallId: text(item['call_id'], `${where}.call_id`),
      content: content(item['output'], `${where}.output`),
    },
  }),
  reasoning: (item, where) => ({
    reasoning: content(item['content'] ?? item['summary'] ?? [], `${where}.content`),
  }),
};

/** A text, or items, as messages. */
export const input: Check<ChatMessage[]> = (value, name) => {
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  const pieces = list(object)(value, name).map((item, i) => pieceOf(item, `${name}[${i}]`));
  if (pieces.length === 0) throw wrong(name, value, 'a text, or at least one item');
  return joined(pieces);
};

function pieceOf(item: Fields, where: string): Piece {
  const { type = 'message' } = item;
  const read = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read) return read(item, where);
  const known = Object.keys(readers).join(', ');
  throw new HttpError(400, `'${where}.type' is ${shown(type)}, expected one of ${known}`, {
    param: `${where}.type`,
  });
}

function joined(pieces: readonly Piece[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let open: { content?: string; toolCalls: ToolCall[]; reasoning: string } | undefined;
  const close = (): void => {
    if (!open) return;
    const { toolCalls, reasoning, content: said = null } = open;
    messages.push({
      role: 'assistant',
      content: said,
      ...(toolCalls.length > 0 && { toolCalls }),
      ...(reasoning !== '' && { reasoningContent: reasoning }),
    });
    open = undefined;
  };
  for (const piece of pieces) {
    if ('call' in piece) (open ??= { toolCalls: [], reasoning: '' }).toolCalls.push(piece.call);
    else if ('reasoning' in piece) {
      close();
      open = { toolCalls: [], reasoning: piece.reasoning };
    } else if (piece.message.role === 'assistant') {
      if (open?.content !== undefined || (open && open.toolCalls.length > 0)) close();
      open = { toolCalls: [], reasoning: '', ...open, content: String(piece.message.content) };
    } else {
      close();
      messages.push(piece.message);
    }
  }
  close();
  return messages;
}

/** Tools are functions, which this API writes one level flatter than chats do. */
export const responseTools: Check<{ readonly given: readonly Fields[]; readonly tools: readonly ToolDefinition[] }> = (
  value,
  name,
) => {
  const given = list(object)(value, name);
  const tools = given.map((tool, i) => {
    const where = `${name}[${i}]`;
    const { type, name: called, description, parameters } = tool;
    if (type !== 'function')
      throw new HttpError(400, `'${where}.type' is ${shown(type)}, and tools are functions here`, {
        param: `${where}.type`,
      });
    const fields = {
      name: text(called, `${where}.name`),
      ...(description ? { description } : {}),
      parameters: parameters ?? NO_PARAMETERS,
    };
    return { type: 'function', function: fields };
  });
  return { given, tools };
};
