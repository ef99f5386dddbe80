/** `/v1/responses`. */
import type { ChatMessage } from '../../chat/conversation.ts';
import { thinkingVars } from '../../chat/thinking_vars.ts';
import type { GenerateResult } from '../../protocol/generation.ts';
import type { ConversationPrompt } from '../../protocol/open.ts';
import { begin, type Answering } from '../answer.ts';
import { bodyOf, modelOf, newId, nowSeconds, type Context } from '../context.ts';
import { HttpError, httpErrorOf } from '../http_error.ts';
import {
  boolean,
  list,
  needed,
  object,
  oneOf,
  readParameters,
  refused,
  text,
  unseen,
  whole,
  type Given,
} from '../parameters.ts';
import { json, namedSse } from '../respond.ts';
import { localSampling } from '../sampling_parameters.ts';
import type { Held, ServedOptions } from '../served.ts';
import { bookkeeping, effort } from './chat_parameters.ts';
import { responseFormat, toolChoice } from './messages.ts';
import { itemEvents, type Grown } from './response_events.ts';
import { input, responseTools } from './response_items.ts';

const table = {
  ...localSampling,
  ...bookkeeping,
  model: { check: text },
  input: { check: input },
  instructions: { check: text },
  previous_response_id: { check: text },
  max_output_tokens: { check: whole(1), sets: 'maxTokens' },
  stream: { check: boolean },
  stream_options: unseen,
  store: { check: boolean },
  text: {
    check(value: unknown, name: string) {
      const { format, verbosity } = object(value, name);
      refused('models here know no such setting', 'medium').check(verbosity ?? 'medium', `${name}.verbosity`);
      return {
        format,
        schema: format === undefined || format === null ? undefined : responseFormat(format, `${name}.format`)?.schema,
      };
    },
  },
  tools: { check: responseTools },
  tool_choice: { check: (value: unknown, name: string) => ({ given: value, choice: toolChoice(value, name) }) },
  parallel_tool_calls: { check: boolean, sets: 'parallelToolCalls' },
  reasoning: {
    check(value: unknown, name: string) {
      const { effort: given } = object(value, name);
      return given === undefined || given === null ? undefined : effort.check(given, `${name}.effort`);
    },
  },
  include: { check: list(oneOf('message.output_text.logprobs', 'reasoning.encrypted_content')) },
  top_logprobs: { check: whole(0, 20) },
  truncation: { check: oneOf('auto', 'disabled') },
  background: refused('answers are made while the request is open'),
  conversation: refused('give previous_response_id'),
  prompt: refused('no prompts are kept here'),
  max_tool_calls: refused('no tool is run here'),
  context_management: refused('nothing is left out of a conversation here'),
  timings_per_token: unseen,
  return_progress: unseen,
} as const;

interface Asked {
  readonly given: Given<typeof table>;
  readonly held: Held;
  readonly messages: readonly ChatMessage[];
  readonly prompt: ConversationPrompt;
  readonly options: ServedOptions;
  readonly id: string;
  readonly createdAt: number;
}

export async function createResponse(context: Context): Promise<Response> {
  const { given, options } = readParameters(await bodyOf(context), table, 'refuse');
  const messages = [...before(context, given.previous_response_id), ...needed(given.input, 'input')];
  const held = await modelOf(context, given.model);
  const { instructions, tools, tool_choice, reasoning } = given;
  const isScored = given.include?.includes('message.output_text.logprobs') ?? false;
  const schema = given.text?.schema;
  const asked: Asked = {
    ...{ given, held, messages, id: newId('resp_'), createdAt: nowSeconds() },
    prompt: {
      messages: instructions === undefined ? messages : [{ role: 'system', content: instructions }, ...messages],
      ...(tools?.tools.length && { tools: tools.tools }),
      ...(reasoning !== undefined && { templateVars: thinkingVars(reasoning) }),
    },
    options: {
      ...{ ...options, thinking: 'split' },
      ...(isScored && { logProbs: given.top_logprobs ?? 0 }),
      ...(schema !== undefined && { schema }),
      ...(tools?.tools.length && tool_choice && { toolChoice: tool_choice.choice }),
      ...(given.truncation === 'auto' && { onFull: 'shift' }),
    },
  };
  const answering = await begin(context, held, { prompt: asked.prompt, options: asked.options });
  if (given.stream) return context.stream(eventsOf(context, asked, answering), namedSse);
  let last: unknown;
  for await (const { response } of eventsOf(context, asked, answering)) last = response ?? last;
  return json(last);
}

/** The conversation that a response goes on from. */
function before({ responses }: Context, id: string | undefined): readonly ChatMessage[] {
  if (id === undefined) return [];
  const kept = responses.get(id);
  if (kept) return kept.messages;
  throw new HttpError(
    400,
    `Previous response with id '${id.slice(0, 100)}' not found: the latest are kept, in memory alone`,
    {
      ...{ param: 'previous_response_id', code: 'previous_response_not_found' },
    },
  );
}

/** All events, with their numbers. The last one has the whole response. */
async function* eventsOf(
  context: Context,
  asked: Asked,
  answering: Answering,
): AsyncGenerator<Record<string, unknown>> {
  let sequence_number = 0;
  const numbered = (event: Record<string, unknown>) => ({ ...event, sequence_number: sequence_number++ });
  const begun = responseOf(asked, { status: 'in_progress' });
  yield numbered({ type: 'response.created', response: begun });
  yield numbered({ type: 'response.in_progress', response: begun });
  try {
    const events = itemEvents(answering, asked.held.model, asked.options.logProbs !== undefined);
    let next = await events.next();
    for (; !next.done; next = await events.next()) yield numbered(next.value);
    const result = await answering.result;
    const isWhole = result.stopReason === 'eos' || result.stopReason === 'stop';
    const { thinking } = next.value;
    const nThought = thinking === '' ? 0 : (await asked.held.model.tokenize({ text: thinking })).length;
    const usage = usageOf(result, nThought);
    const response = responseOf(asked, { status: isWhole ? 'completed' : 'incomplete', grown: next.value, usage });
    if (asked.given.store !== false)
      context.responses.keep({ response, messages: [...asked.messages, answerOf(next.value)] });
    yield numbered({ type: isWhole ? 'response.completed' : 'response.incomplete', response });
  } catch (error) {
    if (!asked.given.stream) throw error;
    const { message, details } = httpErrorOf(error);
    const failed = { ...begun, status: 'failed', error: { code: details.code ?? 'server_error', message } };
    yield numbered({ type: 'response.failed', response: failed });
  }
}

/** What was answered, as a later request goes on from it. */
const answerOf = ({ text: said, thinking, calls }: Grown): ChatMessage => ({
  role: 'assistant',
  content: said === '' && calls.length > 0 ? null : said,
  ...(calls.length > 0 && { toolCalls: calls }),
  ...(thinking !== '' && { reasoningContent: thinking }),
});

interface State {
  readonly status: 'in_progress' | 'completed' | 'incomplete';
  readonly grown?: Grown;
  readonly usage?: object;
}

function responseOf({ given, held, options, id, createdAt }: Asked, { status, grown, usage }: State) {
  return {
    ...{ id, object: 'response', created_at: createdAt, status, background: false, error: null },
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: given.instructions ?? null,
    max_output_tokens: given.max_output_tokens ?? null,
    model: held.name,
    output: grown?.output ?? [],
    parallel_tool_calls: given.parallel_tool_calls ?? true,
    previous_response_id: given.previous_response_id ?? null,
    reasoning: { effort: given.reasoning ?? null, summary: null },
    store: given.store ?? true,
    temperature: options.temperature ?? null,
    text: { format: given.text?.format ?? { type: 'text' } },
    tool_choice: given.tool_choice?.given ?? 'auto',
    tools: given.tools?.given ?? [],
    top_logprobs: given.top_logprobs ?? 0,
    top_p: options.topP ?? null,
    truncation: given.truncation ?? 'disabled',
    usage: usage ?? null,
    metadata: given.metadata ?? {},
  };
}

const usageOf = ({ nPromptTokens, nReusedTokens, tokens: { length } }: GenerateResult, nThought: number) => ({
  input_tokens: nPromptTokens,
  input_tokens_details: { cached_tokens: nReusedTokens },
  output_tokens: length,
  output_tokens_details: { reasoning_tokens: Math.min(nThought, length) },
  total_tokens: nPromptTokens + length,
});

export function getResponse({ responses, rest, url }: Context): Response {
  if (url.searchParams.get('stream') === 'true')
    throw new HttpError(400, 'a response is streamed as it is made, not afterwards', { param: 'stream' });
  const kept = responses.get(rest);
  if (kept) return json(kept.response);
  throw notFound(rest);
}

export function deleteResponse({ responses, rest }: Context): Response {
  if (!responses.delete(rest)) throw notFound(rest);
  return json({ id: rest, object: 'response.deleted', deleted: true });
}

const notFound = (id: string): HttpError =>
  new HttpError(404, `Response with id '${id.slice(0, 100)}' not found: the latest are kept, in memory alone`);
