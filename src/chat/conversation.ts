/** A conversation as callers write it. */
export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  /** As an object, or as the JSON text a model wrote. */
  readonly arguments: Record<string, unknown> | string;
}

/** Fields that are not named here pass through to the template under their own names. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'developer' | (string & {});
  readonly content?: string | readonly Record<string, unknown>[] | null;
  /** Reaches the template as `tool_calls: [{ id, type: 'function', function: { name, arguments } }]`. */
  readonly toolCalls?: readonly ToolCall[];
  /** `tool_call_id`: which call a tool message answers. */
  readonly toolCallId?: string;
  /** `reasoning_content`: what the model thought before it answered. */
  readonly reasoningContent?: string;
  readonly [field: string]: unknown;
}

/** A function the model may call: `{ type: 'function', function: { name, description, parameters } }`, as OpenAI has it. */
export type ToolDefinition = Readonly<Record<string, unknown>>;

/** A text to answer from: `{ title, text }` for most templates that know documents. */
export type ChatDocument = Readonly<Record<string, unknown>>;

/** Whether tools, calls or results of tools are spoken of. */
export const hasTools = ({ tools, messages }: Pick<Conversation, 'tools' | 'messages'>): boolean =>
  (tools !== undefined && tools.length > 0) ||
  messages.some(
    ({ role, toolCalls, tool_calls: calls }) => role === 'tool' || toolCalls !== undefined || calls !== undefined,
  );

/** What a chat template turns into a text. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Functions the model may call; most templates spell them out in the system message. */
  readonly tools?: readonly ToolDefinition[];
  /** Texts the model may answer from, for templates that know them. */
  readonly documents?: readonly ChatDocument[];
  /** Further variables of the template, such as `{ enable_thinking: false }`: JSON-like values under the template's own names. */
  readonly templateVars?: Readonly<Record<string, unknown>>;
}

/** What a template gets. */
export interface RenderInput extends Conversation {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
  readonly bosToken: string;
  readonly eosToken: string;
  /** The clock behind `strftime_now`; now, unless given. */
  readonly now?: Date;
}

/** What a template is given besides: these names are taken. */
const TAKEN = ['messages', 'tools', 'documents', 'add_generation_prompt', 'bos_token', 'eos_token'];

/** @throws TypeError for a template variable that the engine sets itself, and for data that is not JSON-like. */
export function checkConversation({ messages, tools, documents, templateVars }: Conversation): void {
  checkData('messages', messages);
  checkData('tools', tools);
  checkData('documents', documents);
  checkData('templateVars', templateVars);
  for (const name of Object.keys(templateVars ?? {}))
    if (TAKEN.includes(name))
      throw new TypeError(`templateVars.${name} is set by the engine; leave it out (these are: ${TAKEN.join(', ')})`);
}

/** Deeper than any data, and less deep than the JavaScript stack. */
const MAX_DEPTH = 100;

/** More than any conversation has. What is named twice is counted twice, since a template sees it so. */
const MAX_VALUES = 1_000_000;

const primitives = new Set(['undefined', 'boolean', 'number', 'string']);

const isPrimitive = (data: unknown): data is undefined | null | boolean | number | string =>
  data === null || primitives.has(typeof data);

/** How many values `data` holds, itself included. `known` are those that were counted. A conversation has thousands of them. */
function checkData(where: string, data: unknown, depth = 0, known = new Map<object, number>()): number {
  if (isPrimitive(data)) return 1;
  if (depth > MAX_DEPTH) throw new TypeError(`${where} is nested more than ${MAX_DEPTH} deep; does it contain itself?`);
  const type = Object.prototype.toString.call(data).slice(8, -1);
  if (type !== 'Array' && type !== 'Object')
    throw new TypeError(
      `${where} is a ${type}, expected JSON-like data: null, booleans, numbers, texts, lists, plain objects`,
    );
  const counted = known.get(data as object);
  if (counted !== undefined) return counted;
  const keys = Object.keys(data as object);
  if (Array.isArray(data) && keys.length !== data.length)
    throw new TypeError(`${where} is a list with ${data.length - keys.length} holes, expected JSON-like data`);
  let n = 1;
  for (const key of keys) {
    const value = (data as Readonly<Record<string, unknown>>)[key];
    const name = isPrimitive(value) ? '' : type === 'Array' ? `${where}[${key}]` : `${where}.${key}`;
    n += checkData(name, value, depth + 1, known);
    if (n > MAX_VALUES) throw new RangeError(`${where} holds more than ${MAX_VALUES} values; leave some out`);
  }
  known.set(data as object, n);
  return n;
}
