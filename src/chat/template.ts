/**
 * Chat templates: a conversation into the one string that a model was trained to continue.
 *
 * Model files carry a Jinja template. It comes with the file, so it is untrusted code: it runs in an interpreter of its own,
 * under limits (`jinja/run.ts`), and sees only the data it is given. What the user wrote is untrusted text: a render is a list
 * of segments, and only the trusted ones may become control tokens (`jinja/text.ts`).
 */
import { UnsupportedError } from '../base/errors.ts';
import { render } from './jinja/interpreter.ts';
import { parse } from './jinja/parser.ts';
import type { Run } from './jinja/run.ts';
import { text, type Segment } from './jinja/text.ts';
import { fromData, isDict, list, setKey, type Value } from './jinja/values.ts';

export type { Segment } from './jinja/text.ts';

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

export interface RenderInput {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
  readonly bosToken: string;
  readonly eosToken: string;
  /** The clock behind `strftime_now`; now, unless given. */
  readonly now?: Date;
  /** Further variables of the template: `{ enable_thinking: false }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface ChatTemplate {
  readonly source: string;
  render(input: RenderInput): string;
  /** The same text in pieces; neighbours differ in trust. Special tokens may be parsed in the trusted pieces only. */
  renderSegments(input: RenderInput): readonly Segment[];
}

/**
 * Compiling and rendering throw `FormatError` with the line where the template is at fault, `UnsupportedError` where it uses
 * what is not built here; rendering throws `RangeError` with the template's own words where it refuses the conversation.
 */
export function compileTemplate(source: string): ChatTemplate {
  const body = parse(source);
  const lines = source.split(/\r\n|\r|\n/);
  const run = (input: RenderInput) => {
    const state: Run = { lines, now: input.now ?? new Date(), line: 1, steps: 0, depth: 0 };
    return render(state, body, variables(state, input));
  };
  return { source, render: (input) => run(input).text, renderSegments: (input) => run(input).parts };
}

function variables(run: Run, input: RenderInput): Map<string, Value> {
  const names = new Map<string, Value>();
  for (const [name, value] of Object.entries(input.extra ?? {})) names.set(name, fromData(run, value, `extra.${name}`));
  names.set('messages', list(input.messages.map((message, i) => messageValue(run, message, `messages[${i}]`))));
  if (input.tools) names.set('tools', fromData(run, input.tools, 'tools'));
  names.set('add_generation_prompt', input.addGenerationPrompt);
  names.set('bos_token', text(input.bosToken, true));
  names.set('eos_token', text(input.eosToken, true));
  return names;
}

/**
 * Roles are chosen by the program, not typed by the user, and templates build control tokens of them: `'<|' + role + '|>'`.
 * Only these words are trusted; another role renders, but makes no control token.
 */
const ROLES = new Set(
  'system user assistant tool developer function ipython model observation environment documents'.split(' '),
);

function messageValue(run: Run, message: ChatMessage, where: string): Value {
  if (typeof message?.role !== 'string')
    throw new TypeError(`${where}.role is ${typeof message?.role}, expected a string`);
  const { toolCalls, toolCallId, reasoningContent, ...others } = message;
  const calls = toolCalls?.map((call) => ({
    ...(call.id !== undefined && { id: call.id }),
    type: 'function',
    function: { name: call.name, arguments: parsedArguments(call.arguments) },
  }));
  const data = {
    ...others,
    ...(calls && { tool_calls: calls }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(reasoningContent !== undefined && { reasoning_content: reasoningContent }),
  };
  const value = fromData(run, data, where);
  if (isDict(value) && ROLES.has(message.role)) setKey(run, value, text('role', false), text(message.role, true));
  return value;
}

/** Templates expect an object and write it as JSON; text that is not JSON stays text. */
function parsedArguments(given: ToolCall['arguments']): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** The format that most models without a template of their own were trained on. */
const CHATML = `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
const NAMED: ReadonlyMap<string, string> = new Map([['chatml', CHATML]]);

export interface TemplateChoice {
  /** Jinja source: the file's `tokenizer.chat_template`, or the caller's own. */
  readonly template?: string;
  /** The name of a built-in format instead: `chatml`. */
  readonly name?: string;
  /** Whether the vocabulary has this piece. */
  readonly hasToken?: (piece: string) => boolean;
}

/** A name wins over the source; a model with neither gets ChatML if its vocabulary has ChatML's control tokens. */
export function chatTemplateFor({ template, name, hasToken }: TemplateChoice): ChatTemplate {
  if (name !== undefined) {
    const source = NAMED.get(name);
    if (source === undefined)
      throw new UnsupportedError(
        `no chat format is called '${name}'; there are: ${[...NAMED.keys()].join(', ')}. Or pass a Jinja source as \`template\``,
      );
    return compileTemplate(source);
  }
  if (template !== undefined && template.trim() !== '') return compileTemplate(template);
  if (hasToken?.('<|im_start|>') && hasToken('<|im_end|>')) return compileTemplate(CHATML);
  throw new UnsupportedError(
    "the model file has no chat template, and its vocabulary lacks ChatML's <|im_start|> and <|im_end|>: " +
      "pass a Jinja source as `template`, a format's name as `name` ('chatml'), or prompt without a template",
  );
}
