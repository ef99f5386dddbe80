/** `/v1/chat/completions`. */
import { thinkingVars } from '../../chat/thinking_vars.ts';
import type { GenerateResult } from '../../protocol/generation.ts';
import type { ConversationPrompt } from '../../protocol/open.ts';
import { begin, timingsOf, wholeOf, type Answering, type Whole } from '../answer.ts';
import { bodyOf, modelOf, newId, nowSeconds, type Context } from '../context.ts';
import { asked, HttpError } from '../http_error.ts';
import { interleaved } from '../interleaved.ts';
import { biasOf } from '../logit_bias.ts';
import { needed, readParameters, type Given } from '../parameters.ts';
import { json, sse } from '../respond.ts';
import { mirostatOf } from '../sampling_parameters.ts';
import type { AnswerPart } from '../../chat/parts.ts';
import type { Held, ServedOptions } from '../served.ts';
import { chatParameters } from './chat_parameters.ts';
import { logProbEntries } from './log_probs.ts';
import { finishReason, usageOf } from './usage.ts';

export type ChatGiven = Given<typeof chatParameters>;

/** What all choices of a request share. */
interface Chat {
  readonly held: Held;
  readonly prompt: ConversationPrompt;
  readonly options: ServedOptions;
  readonly given: ChatGiven;
  readonly head: {
    readonly id: string;
    readonly created: number;
    readonly model: string;
    readonly system_fingerprint: string;
  };
}

export async function chatCompletions(context: Context): Promise<Response> {
  const { given, options } = readParameters(await bodyOf(context), chatParameters, 'refuse');
  checkTogether(given);
  const prompt = promptOf(given);
  const held = await modelOf(context, given.model);
  const { info } = held.model;
  const bias = given.logit_bias && (await asked(biasOf(held.model, given.logit_bias)));
  const head = {
    id: newId('chatcmpl-'),
    created: nowSeconds(),
    model: held.name,
    system_fingerprint: `backend-${info.backend}`,
  };
  const chat: Chat = {
    held,
    prompt,
    given,
    head,
    options: { ...options, ...optionsOf(given), ...mirostatOf(given), ...(bias && { logitBias: bias }) },
  };
  return given.stream ? streamOf(context, chat) : wholeChat(context, chat);
}

/** How many tokens a conversation has. */
export async function countChatTokens(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), chatParameters, 'refuse');
  const held = await modelOf(context, given.model);
  const tokens = await asked(held.model.tokenize(promptOf(given)));
  return json({ object: 'response.input_tokens', input_tokens: tokens.length });
}

/** @throws HttpError for parameters that do not go together */
function checkTogether({ logprobs, top_logprobs, stream, stream_options, tool_choice, tools }: ChatGiven): void {
  const bad = (message: string, param: string) => new HttpError(400, message, { param });
  if (top_logprobs !== undefined && !logprobs) throw bad("'top_logprobs' goes with 'logprobs': true", 'top_logprobs');
  if (stream_options && !stream) throw bad("'stream_options' goes with 'stream': true", 'stream_options');
  if (tool_choice !== undefined && tool_choice !== 'none' && tool_choice !== 'auto' && !tools?.length)
    throw bad("'tool_choice' goes with 'tools'", 'tool_choice');
}

function promptOf({ messages, tools, chat_template_kwargs, reasoning_effort }: ChatGiven): ConversationPrompt {
  const thinks = reasoning_effort === undefined ? {} : thinkingVars(reasoning_effort);
  const templateVars = { ...thinks, ...chat_template_kwargs };
  return {
    messages: needed(messages, 'messages'),
    ...(tools?.length && { tools }),
    ...(Object.keys(templateVars).length > 0 && { templateVars }),
  };
}

function optionsOf({
  logprobs,
  top_logprobs = 0,
  response_format,
  json_schema,
  tool_choice,
  tools,
  ...given
}: ChatGiven): ServedOptions {
  const limits = [given.max_tokens, given.max_completion_tokens, given.n_predict].filter((n) => n !== undefined);
  const schema = response_format?.schema ?? json_schema;
  return {
    thinking: 'split',
    ...(limits.length > 0 && { maxTokens: limits.reduce((a, b) => Math.min(a, b)) }), // the least of what clients call the same
    ...(logprobs && { logProbs: top_logprobs }),
    ...(schema !== undefined && { schema }),
    ...(tools?.length && tool_choice !== undefined && { toolChoice: tool_choice }),
  };
}

/** Choices differ in their seed, where one was given. */
const wishOf = ({ prompt, options }: Chat, i: number) => ({
  prompt,
  options: i > 0 && options.seed !== undefined ? { ...options, seed: options.seed + i } : options,
});

async function wholeChat(context: Context, chat: Chat): Promise<Response> {
  const { held, given, head } = chat;
  const indices = Array.from({ length: given.n ?? 1 }, (_, i) => i);
  const wholes = await Promise.all(indices.map(async (i) => wholeOf(await begin(context, held, wishOf(chat, i)))));
  const results = wholes.map(({ result }) => result);
  const choices = await Promise.all(wholes.map((whole, index) => choiceOf(whole, index, chat)));
  return json({
    ...head,
    object: 'chat.completion',
    choices,
    usage: usageOf(results),
    timings: timingsOf(results.at(-1)!),
  });
}

async function choiceOf({ text, thinking, calls, scored, result }: Whole, index: number, { held, given }: Chat) {
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      })),
    }),
  };
  const logprobs = given.logprobs ? { content: await logProbEntries(held.model, scored), refusal: null } : null;
  return { index, message, logprobs, finish_reason: finishReason(result.stopReason, hasCalls(result)) };
}

async function streamOf(context: Context, chat: Chat): Promise<Response> {
  const first = await begin(context, chat.held, wishOf(chat, 0));
  return context.stream(chunksOf(context, chat, first), sse);
}

async function* chunksOf(context: Context, chat: Chat, first: Answering): AsyncGenerator<object> {
  const { given, head } = chat;
  const results: GenerateResult[] = [];
  const choices = Array.from({ length: given.n ?? 1 }, (_, index) =>
    choiceChunks(context, chat, index, index === 0 ? first : undefined, (made) => (results[index] = made)),
  );
  yield* interleaved(choices);
  if (!withUsage(given)) return;
  yield { ...head, object: CHUNK, choices: [], usage: usageOf(results), timings: timingsOf(results.at(-1)!) };
}

const CHUNK = 'chat.completion.chunk';

const withUsage = ({ stream_options }: ChatGiven): boolean => stream_options?.['include_usage'] === true;

/** The chunks of one choice. @param begun where it was begun before the response was */
async function* choiceChunks(
  context: Context,
  chat: Chat,
  index: number,
  begun: Answering | undefined,
  tell: (made: GenerateResult) => void,
): AsyncGenerator<object> {
  const { held, given, head } = chat;
  const answering = begun ?? (await begin(context, held, wishOf(chat, index)));
  const chunk = (delta: object, finish_reason: string | null = null, logprobs: object | null = null) => ({
    ...head,
    object: CHUNK,
    choices: [{ index, delta, logprobs, finish_reason }],
    ...(withUsage(given) && { usage: null }),
  });
  const scoredNow = async () =>
    given.logprobs ? { content: await logProbEntries(held.model, answering.takeScored()), refusal: null } : null;
  yield chunk({ role: 'assistant', content: null });
  for await (const part of answering.parts) {
    const delta = deltaOf(part);
    if (delta) yield chunk(delta, null, await scoredNow());
  }
  const result = await answering.result;
  const rest = await scoredNow();
  if (rest?.content.length) yield chunk({ content: '' }, null, rest);
  tell(result);
  yield chunk({}, finishReason(result.stopReason, hasCalls(result)));
}

/** Of what was cut within the arguments of a call the reason says so. */
const hasCalls = ({ toolCalls = [] }: GenerateResult): boolean => toolCalls.length > 0;

/** The next piece of a message; undefined where nothing was said. */
function deltaOf(part: AnswerPart): object | undefined {
  if (part.type !== 'tool_call') {
    if (part.text === '') return undefined;
    return part.type === 'text' ? { content: part.text } : { reasoning_content: part.text };
  }
  const { index, id, name, arguments: args = '' } = part;
  if (name === undefined) return { tool_calls: [{ index, function: { arguments: args } }] };
  return { tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] };
}
