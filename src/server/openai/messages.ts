/** Conversations as OpenAI's APIs write them. */
import type { ChatMessage, ToolCall, ToolDefinition } from '../../chat/conversation.ts';
import { HttpError } from '../http_error.ts';
import { list, object, oneOf, shown, text, wrong, type Check } from '../parameters.ts';
import type { ToolChoice } from '../../chat/tools/tool.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Kinds of parts that are text. */
const textParts: ReadonlySet<unknown> = new Set([
  'text',
  'input_text',
  'output_text',
  'refusal',
  'reasoning_text',
  'summary_text',
]);

/** A text, or parts that are joined. @throws HttpError for pictures, sound and files */
export const content: Check<string> = (value, name) => {
  if (typeof value === 'string') return value;
  const parts = list(object)(value, name);
  return parts
    .map((part, i) => {
      const where = `${name}[${i}]`;
      if (!textParts.has(part['type'])) {
        const what = typeof part['type'] === 'string' ? part['type'].slice(0, 50) : 'a part without a type';
        throw new HttpError(400, `'${where}' is ${what}, and models read text alone here`, {
          param: where,
          code: 'unsupported_content',
        });
      }
      return text(part['text'] ?? part['refusal'], `${where}.text`);
    })
    .join('');
};

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

/** The messages of a chat. Instructions of a `developer` are those of the system: few templates know the word. */
export const messages: Check<ChatMessage[]> = (value, name) => {
  const all = list(object)(value, name);
  if (all.length === 0) throw wrong(name, value, 'at least one message');
  return all.map((message, i) => messageOf(message, `${name}[${i}]`));
};

function messageOf(message: Fields, where: string): ChatMessage {
  const role = oneOf(...roles)(message['role'], `${where}.role`);
  const { name, tool_calls: calls, tool_call_id: id } = message;
  const reasoning = message['reasoning_content'] ?? message['reasoning'];
  const given = message['content'] ?? undefined;
  const hasCalls = Array.isArray(calls) && calls.length > 0;
  if (given === undefined && !(role === 'assistant' && (hasCalls || reasoning !== undefined || message['refusal'])))
    throw new HttpError(400, `'${where}.content' is missing, expected a text`, { param: `${where}.content` });
  return {
    role: role === 'developer' ? 'system' : role,
    content:
      given === undefined
        ? typeof message['refusal'] === 'string'
          ? message['refusal']
          : null
        : content(given, `${where}.content`),
    ...(typeof name === 'string' && { name }),
    ...(hasCalls && { toolCalls: calls.map((call: unknown, j) => callOf(call, `${where}.tool_calls[${j}]`)) }),
    ...(id !== undefined && id !== null && { toolCallId: text(id, `${where}.tool_call_id`) }),
    ...(typeof reasoning === 'string' && { reasoningContent: reasoning }),
  };
}

function callOf(call: unknown, where: string): ToolCall {
  const { id, function: called } = object(call, where);
  const { name, arguments: given = '{}' } = object(called, `${where}.function`);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  return {
    ...(typeof id === 'string' && { id }),
    name: text(name, `${where}.function.name`),
    arguments: isObject ? (given as Record<string, unknown>) : text(given, `${where}.function.arguments`),
  };
}

/** What a function takes whose parameters are left out: nothing. */
export const NO_PARAMETERS = { type: 'object', properties: {}, additionalProperties: false } as const;

/** Tools: functions alone. */
export const tools: Check<ToolDefinition[]> = (value, name) =>
  list(object)(value, name).map((tool, i) => {
    const where = `${name}[${i}]`;
    if (tool['type'] !== 'function')
      throw new HttpError(400, `'${where}.type' is ${shown(tool['type'])}, and tools are functions here`, {
        param: `${where}.type`,
      });
    const called = object(tool['function'], `${where}.function`);
    text(called['name'], `${where}.function.name`);
    return { ...tool, function: { ...called, parameters: called['parameters'] ?? NO_PARAMETERS } };
  });

/** Which tools are to be called: a word, or the name of one, as either of the two APIs writes it. */
export const toolChoice: Check<ToolChoice> = (value, name) => {
  if (typeof value === 'string') return oneOf('auto', 'none', 'required')(value, name);
  const choice = object(value, name);
  if (choice['type'] !== 'function') throw wrong(`${name}.type`, choice['type'], 'function');
  const called = (choice['function'] as Fields | undefined) ?? choice;
  return { name: text(called['name'], `${name}.function.name`) };
};

/** The schema of an answer's format; undefined for any text. `json_object` is any object, unless llama-server's `schema` stands beside it. */
export const responseFormat: Check<{ readonly schema: object | boolean } | undefined> = (value, name) => {
  const format = object(value, name);
  const type = oneOf('text', 'json_object', 'json_schema')(format['type'], `${name}.type`);
  if (type === 'text') return undefined;
  if (type === 'json_object')
    return { schema: format['schema'] === undefined ? { type: 'object' } : schema(format['schema'], `${name}.schema`) };
  const where = format['json_schema'] === undefined ? name : `${name}.json_schema`; // the Responses API leaves one level out
  const { schema: wanted } = object(format['json_schema'] ?? format, where);
  if (wanted === undefined || wanted === null)
    throw new HttpError(400, `Missing required parameter: '${where}.schema'`, { param: `${where}.schema` });
  return { schema: schema(wanted, `${where}.schema`) };
};

export const schema: Check<object | boolean> = (value, name) =>
  typeof value === 'boolean' ? value : object(value, name);
