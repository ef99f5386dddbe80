/** A conversation as its template sees it: the names and values that Hugging Face's `apply_chat_template` gives. */
import type { ChatMessage, RenderInput, ToolCall } from './conversation.ts';
import type { Run } from './jinja/run.ts';
import { text } from './jinja/text.ts';
import { fromData, isDict, list, setKey, type Value } from './jinja/values.ts';

export function variables(run: Run, input: RenderInput): Map<string, Value> {
  const names = new Map<string, Value>();
  for (const [name, value] of Object.entries(input.templateVars ?? {}))
    names.set(name, fromData(run, value, `templateVars.${name}`));
  names.set('messages', list(input.messages.map((message, i) => messageValue(run, message, `messages[${i}]`))));
  names.set('tools', fromData(run, input.tools ?? null, 'tools'));
  names.set('documents', fromData(run, input.documents ?? null, 'documents'));
  names.set('add_generation_prompt', input.addGenerationPrompt);
  names.set('bos_token', text(input.bosToken, true));
  names.set('eos_token', text(input.eosToken, true));
  return names;
}

/**
 * Roles are chosen by the program, not typed by the user, and templates build control tokens of them: `'<|' + role + '|>'`.
 * Only these words are trusted; another role renders, but makes no control token.
 */
export const ROLES: ReadonlySet<string> = new Set(
  'system user assistant tool developer function ipython model observation environment documents'.split(' '),
);

function messageValue(run: Run, message: ChatMessage, where: string): Value {
  if (typeof message?.role !== 'string')
    throw new TypeError(`${where}.role is ${typeof message?.role}, expected a string`);
  const { toolCalls, toolCallId, reasoningContent, ...others } = message;
  const data = given({
    ...others,
    ...given({
      tool_calls: toolCalls?.map(toolCallData),
      tool_call_id: toolCallId,
      reasoning_content: reasoningContent,
    }),
  });
  const value = fromData(run, withReasoning(data), where);
  if (isDict(value) && ROLES.has(message.role)) setKey(run, value, text('role', false), text(message.role, true));
  return value;
}

/** Templates read a message's reasoning under three names: a message that has it under one of them has it under all. */
function withReasoning(data: Record<string, unknown>): Record<string, unknown> {
  const reasoning = data.reasoning_content ?? data.thinking ?? data.reasoning;
  return reasoning === undefined ? data : { thinking: reasoning, reasoning, ...data, reasoning_content: reasoning };
}

/** A field that is null is one that the message does not have: templates print it as `None`, or stumble over it. */
const given = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

const toolCallData = ({ id, name, arguments: args }: ToolCall) => ({
  ...given({ id }),
  type: 'function',
  function: { name, arguments: parsedArguments(args) },
});

/** Templates expect an object and write it as JSON; text that is not JSON stays text. */
function parsedArguments(given: ToolCall['arguments']): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
