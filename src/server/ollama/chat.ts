/** `/api/chat`. */
import type { ChatMessage } from '../../chat/conversation.ts';
import { thinkingVars } from '../../chat/thinking_vars.ts';
import { begin } from '../answer.ts';
import { bodyOf, modelOf, type Context } from '../context.ts';
import { HttpError } from '../http_error.ts';
import { boolean, list, needed, object, readParameters, text, whole, type Check } from '../parameters.ts';
import { json } from '../respond.ts';
import { tools } from '../openai/messages.ts';
import { argumentsOf, tell } from './answers.ts';
import { createdAt, format, optionsOf, shared, think } from './options.ts';

const messages: Check<ChatMessage[]> = (value, name) =>
  list(object)(value, name).map((message, i) => messageOf(message, `${name}[${i}]`));

function messageOf(message: Readonly<Record<string, unknown>>, where: string): ChatMessage {
  const { role, content = '', images, tool_calls: calls, thinking, tool_name: toolName, tool_call_id: id } = message;
  if (Array.isArray(images) && images.length > 0)
    throw new HttpError(400, `${where} has images, and models read text alone here`);
  const hasCalls = Array.isArray(calls) && calls.length > 0;
  return {
    role: text(role, `${where}.role`),
    content: text(content ?? '', `${where}.content`),
    ...(hasCalls && { toolCalls: calls.map((call: unknown, j) => callOf(call, `${where}.tool_calls[${j}]`)) }),
    ...(typeof thinking === 'string' && thinking !== '' && { reasoningContent: thinking }),
    ...(typeof toolName === 'string' && { name: toolName }),
    ...(typeof id === 'string' && { toolCallId: id }),
  };
}

function callOf(call: unknown, where: string) {
  const { id, function: called } = object(call, where);
  const { name, arguments: given = {} } = object(called, `${where}.function`);
  return {
    ...(typeof id === 'string' && { id }),
    name: text(name, `${where}.function.name`),
    arguments: object(given, `${where}.function.arguments`),
  };
}

const table = {
  ...shared,
  messages: { check: messages },
  tools: { check: tools },
  format: { check: format },
  think: { check: think },
  logprobs: { check: boolean },
  top_logprobs: { check: whole(0, 20) },
} as const;

export async function chat(context: Context): Promise<Response> {
  const startMs = performance.now();
  const { given } = readParameters(await bodyOf(context), table, 'ignore');
  const held = await modelOf(context, needed(given.model, 'model'), given.keep_alive);
  if (!given.messages?.length)
    return loaded(held.name, given.keep_alive, { message: { role: 'assistant', content: '' } });
  const templateVars = given.think === undefined ? undefined : thinkingVars(given.think);
  const prompt = {
    messages: given.messages,
    ...(given.tools?.length && { tools: given.tools }),
    ...(templateVars && { templateVars }),
  };
  const options = {
    ...optionsOf(given.options, held.model),
    ...(given.format !== undefined && { schema: given.format }),
    ...(given.logprobs && { logProbs: given.top_logprobs ?? 0 }),
    thinking: 'split' as const,
  };
  const answering = await begin(context, held, { prompt, options });
  return tell(context, answering, {
    ...{ held, startMs, isStream: given.stream ?? true, isScored: given.logprobs ?? false },
    said: ({ text: content, thinking, calls }) => ({
      message: {
        ...{ role: 'assistant', content },
        ...(thinking !== '' && { thinking }),
        ...(calls.length > 0 && {
          tool_calls: calls.map(({ id, name, arguments: args }, index) => ({
            id,
            function: { index, name, arguments: argumentsOf(args) },
          })),
        }),
      },
    }),
  });
}

/** A request without a prompt opens a model, or closes it. */
export const loaded = (model: string, keepMs: number | undefined, more: object): Response =>
  json({ model, created_at: createdAt(), ...more, done: true, done_reason: keepMs === 0 ? 'unload' : 'load' });
