/** llama-server's own `/completion`. */
import type { GenerateResult, ScoredToken, StopReason } from '../../protocol/generation.ts';
import { begin, timingsOf, wholeOf, type Answering } from '../answer.ts';
import { bodyOf, modelOf, type Context } from '../context.ts';
import { asked, HttpError } from '../http_error.ts';
import { bias, biasOf } from '../logit_bias.ts';
import {
  boolean,
  list,
  needed,
  object,
  readParameters,
  refused,
  stops,
  text,
  whole,
  type Given,
} from '../parameters.ts';
import { plainPrompts, prompts, type PlainPrompt } from '../prompts.ts';
import { json, sse, type Framing } from '../respond.ts';
import { localSampling, mirostat, mirostatOf, rareSampling } from '../sampling_parameters.ts';
import type { Held, ServedOptions } from '../served.ts';
import { checkChoices } from '../openai/completions.ts';
import { logProbEntries } from '../openai/log_probs.ts';
import { schema } from '../openai/messages.ts';

const table = {
  ...localSampling,
  ...rareSampling,
  ...mirostat,
  model: { check: text },
  prompt: {
    check: (value: unknown, name: string) => ({
      isList: Array.isArray(value) && typeof value[0] !== 'number',
      pieces: prompts(value, name),
    }),
  },
  n_predict: { check: whole(-2) },
  max_tokens: { check: whole(-1) },
  stream: { check: boolean },
  stop: { check: stops, sets: 'stop' },
  ignore_eos: { check: boolean, sets: 'ignoreEos' },
  logit_bias: { check: bias },
  n_probs: { check: whole(0, 1000) },
  post_sampling_probs: refused('log-probabilities are those of the model, before sampling'),
  return_tokens: { check: boolean },
  response_fields: { check: list(text) },
  grammar: { check: text, sets: 'grammar' },
  json_schema: { check: schema },
  stream_options: { check: object },
  n_cmpl: refused('ask several times', 1),
  n: refused('ask several times', 1),
  image_data: refused('models read text alone here'),
  lora: refused('adapters are chosen when the model is opened'),
} as const;

/** One text that is to go on. */
interface Asked {
  readonly held: Held;
  readonly prompt: PlainPrompt;
  readonly options: ServedOptions;
  readonly given: Given<typeof table>;
  readonly index: number;
}

/** As `sse`, but for its end. */
const plainSse: Framing = { ...sse, end: '' };

export async function completion(context: Context): Promise<Response> {
  const { given, options } = readParameters(await bodyOf(context), table, 'ignore');
  const { isList, pieces } = needed(given.prompt, 'prompt');
  checkChoices(pieces.length);
  const { n_predict = -1, max_tokens = n_predict, n_probs = 0, json_schema } = given;
  if (max_tokens === 0) throw new HttpError(400, "'n_predict' is 0, expected a token at least", { param: 'n_predict' });
  if (given.stream && pieces.length > 1) throw new HttpError(400, 'one prompt at a time is streamed');
  const held = await modelOf(context, given.model);
  const all = await asked(plainPrompts(held.model, pieces));
  const logitBias = given.logit_bias && (await asked(biasOf(held.model, given.logit_bias)));
  const wished: ServedOptions = {
    ...{ ...options, ...mirostatOf(given), thinking: 'inline' },
    ...(max_tokens >= 0 && { maxTokens: Math.max(1, max_tokens) }),
    ...((n_probs > 0 || given.stream) && { logProbs: n_probs }), // a stream tells the tokens
    ...(logitBias && { logitBias }),
    ...(json_schema !== undefined && { schema: json_schema }),
  };
  const asking = (index: number): Asked => ({ held, prompt: all[index]!, options: wished, given, index });
  if (given.stream) {
    return context.stream(eventsOf(asking(0), await begin(context, held, asking(0))), plainSse);
  }
  const done = await Promise.all(all.map((_, index) => wholeAnswer(context, asking(index))));
  return json(isList ? done : done[0]);
}

const stopTypes: Readonly<Record<StopReason, string>> = {
  eos: 'eos',
  stop: 'word',
  length: 'limit',
  full: 'limit',
  loop: 'limit',
  abort: 'none',
};

async function wholeAnswer(context: Context, asking: Asked): Promise<object> {
  const { held, given } = asking;
  const { text: content, scored, result } = await wholeOf(await begin(context, held, asking));
  const probabilities = given.n_probs ? { completion_probabilities: await logProbEntries(held.model, scored) } : {};
  const tokens = given.return_tokens ? result.tokens : [];
  const whole = { ...(await finalOf(asking, result, content)), content, tokens, ...probabilities };
  return picked(whole, given.response_fields ?? []);
}

/** The fields that were asked for, by paths with slashes; all of them where none were. */
function picked(whole: Readonly<Record<string, unknown>>, fields: readonly string[]): object {
  if (fields.length === 0) return whole;
  const at = (path: string) =>
    path.split('/').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], whole);
  return Object.fromEntries(fields.map((path) => [path, at(path)]).filter(([, value]) => value !== undefined));
}

async function finalOf({ held, prompt, options, index }: Asked, result: GenerateResult, said: string) {
  const { model, name } = held;
  const shown = await model.detokenize(await model.tokenize(prompt), { special: true });
  const { temperature = null, topK = null, topP = null, minP = null, maxTokens = -1, stop = [] } = options;
  return {
    index,
    model: name,
    stop: true,
    tokens_predicted: result.tokens.length,
    tokens_evaluated: result.nPromptTokens,
    generation_settings: {
      n_predict: maxTokens,
      seed: result.seed,
      temperature,
      top_k: topK,
      top_p: topP,
      min_p: minP,
      stop,
    },
    prompt: shown,
    has_new_line: said.includes('\n'),
    truncated: result.nForgotten > 0,
    stop_type: stopTypes[result.stopReason],
    stopping_word: result.stopReason === 'stop' && stop.length === 1 ? stop[0] : '', // of several nobody knows which
    tokens_cached: result.nReusedTokens,
    timings: timingsOf(result),
  };
}

async function* eventsOf(asking: Asked, answering: Answering): AsyncGenerator<object> {
  const { held, given, index } = asking;
  const probabilities = async (scored: readonly ScoredToken[]) =>
    given.n_probs ? { completion_probabilities: await logProbEntries(held.model, scored) } : {};
  let said = '';
  for await (const part of answering.parts) {
    if (part.type === 'tool_call' || part.text === '') continue;
    said += part.text;
    const scored = answering.takeScored();
    yield {
      index,
      content: part.text,
      tokens: scored.map(({ token }) => token),
      stop: false,
      ...(await probabilities(scored)),
    };
  }
  const result = await answering.result;
  yield {
    ...(await finalOf(asking, result, said)),
    content: '',
    tokens: [],
    ...(await probabilities(answering.takeScored())),
  };
}
