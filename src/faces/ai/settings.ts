/** The AI SDK's settings as thimble's options, and warnings for what has no counterpart. */
import type { LanguageModelV4CallOptions, SharedV4Warning } from '@ai-sdk/provider';
import { effortOf, thinkingVars } from '../../chat/thinking_vars.ts';
import type { CallOptions, Split } from '../../api/option_types.ts';
import type { ChatMessage, ToolDefinition } from '../../chat/conversation.ts';
import type { ModelInfo, ConversationPrompt } from '../../protocol/open.ts';
import { messagesOf } from './prompt.ts';

/** A call of `model.generate`, and what was not understood. */
export interface Call {
  readonly prompt: ConversationPrompt;
  readonly options: CallOptions & Split;
  readonly warnings: SharedV4Warning[];
}

/** thimble's own options, as `providerOptions.thimble` gives them, beside `templateVars`. */
type OwnOptions = Readonly<Record<string, unknown>> & { readonly templateVars?: Readonly<Record<string, unknown>> };

export function callOf(options: LanguageModelV4CallOptions, info: ModelInfo): Call {
  const warnings: SharedV4Warning[] = [];
  const { templateVars, ...own } = (options.providerOptions?.['thimble'] ?? {}) as OwnOptions;
  const messages = messagesOf(options.prompt, warnings);
  const schema = schemaOf(options);
  const tools = toolsOf(options, warnings);
  const vars = { ...reasoningVars(options.reasoning, info, warnings), ...templateVars };
  return {
    prompt: {
      messages: schema === undefined ? messages : withSchema(messages, schema),
      ...(tools && { tools }),
      ...(Object.keys(vars).length > 0 && { templateVars: vars }),
    },
    options: {
      ...settingsOf(options),
      ...(schema !== undefined && { schema }),
      ...(tools && { toolChoice: toolChoiceOf(options) }),
      ...own,
      thinking: 'split',
    },
    warnings,
  };
}

/** Settings that differ in their names alone. */
function settingsOf(options: LanguageModelV4CallOptions): CallOptions {
  const {
    maxOutputTokens,
    temperature,
    topP,
    topK,
    presencePenalty,
    frequencyPenalty,
    stopSequences,
    seed,
    abortSignal,
  } = options;
  const settings = {
    maxTokens: maxOutputTokens,
    temperature,
    topP,
    topK,
    presencePenalty,
    frequencyPenalty,
    seed,
    stop: stopSequences?.length ? stopSequences : undefined,
    signal: abortSignal,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as CallOptions;
}

/** JSON of any form has the schema that allows everything. */
const schemaOf = ({ responseFormat }: LanguageModelV4CallOptions): object | undefined =>
  responseFormat?.type === 'json' ? (responseFormat.schema ?? {}) : undefined;

/** What an answer is held to, a model should know: else it is led where it does not want to go. */
function withSchema(messages: readonly ChatMessage[], schema: object): ChatMessage[] {
  const hint =
    Object.keys(schema).length === 0
      ? 'Answer with JSON.'
      : `Answer with JSON of this schema: ${JSON.stringify(schema)}`;
  const [first, ...others] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: hint }, ...messages];
  return [{ ...first, content: `${first.content as string}\n\n${hint}` }, ...others];
}

function toolsOf(
  { tools, toolChoice }: LanguageModelV4CallOptions,
  warnings: SharedV4Warning[],
): ToolDefinition[] | undefined {
  const known = (tools ?? []).flatMap((tool) => {
    if (tool.type === 'provider') {
      warnings.push({ type: 'unsupported', feature: `provider-defined tool ${tool.id}` });
      return [];
    }
    const { name, description, inputSchema: parameters } = tool;
    return [{ type: 'function', function: { name, ...(description !== undefined && { description }), parameters } }];
  });
  return known.length === 0 || toolChoice?.type === 'none' ? undefined : known;
}

function toolChoiceOf({ toolChoice }: LanguageModelV4CallOptions): NonNullable<CallOptions['toolChoice']> {
  if (toolChoice?.type === 'tool') return { name: toolChoice.toolName };
  return toolChoice?.type ?? 'auto';
}

type Effort = NonNullable<LanguageModelV4CallOptions['reasoning']>;

function reasoningVars(
  reasoning: Effort | undefined,
  { thoughts, name }: ModelInfo,
  warnings: SharedV4Warning[],
): Readonly<Record<string, unknown>> {
  if (reasoning === undefined || reasoning === 'provider-default') return {};
  const effort = reasoning === 'none' ? undefined : effortOf(reasoning);
  if (thoughts === undefined) {
    if (effort) warnings.push({ type: 'unsupported', feature: 'reasoning', details: `${name} is not known to think` });
    return {};
  }
  if (effort && effort !== reasoning)
    warnings.push({ type: 'compatibility', feature: 'reasoning', details: `${reasoning} is ${effort} here` });
  return thinkingVars(reasoning);
}
