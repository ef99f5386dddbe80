/** `/v1/completions`: a text goes on. */
import { logProbs } from '../../sampling/log_probs.ts';
import type { GenerateResult, ScoredToken } from '../../protocol/generation.ts';
import { begin, timingsOf, wholeOf, type Answering } from '../answer.ts';
import { bodyOf, modelOf, newId, nowSeconds, type Context } from '../context.ts';
import { asked, HttpError } from '../http_error.ts';
import { interleaved } from '../interleaved.ts';
import { bias, biasOf } from '../logit_bias.ts';
import { boolean, needed, object, readParameters, refused, stops, text, whole, type Given } from '../parameters.ts';
import { plainPrompts, prompts, type PlainPrompt } from '../prompts.ts';
import { json, sse } from '../respond.ts';
import { localSampling, mirostat, mirostatOf, rareSampling } from '../sampling_parameters.ts';
import type { Held, ServedOptions } from '../served.ts';
import { bookkeeping } from './chat_parameters.ts';
import { logProbEntries, type ScoredEntry } from './log_probs.ts';
import { schema } from './messages.ts';
import { finishReason, usageOf } from './usage.ts';

const table = {
  ...localSampling,
  ...rareSampling,
  ...mirostat,
  ...bookkeeping,
  model: { check: text },
  prompt: { check: prompts },
  max_tokens: { check: whole(0) },
  stop: { check: stops, sets: 'stop' },
  stream: { check: boolean },
  stream_options: { check: object },
  n: { check: whole(1, 128) },
  best_of: { check: whole(1, 128) },
  echo: { check: boolean },
  logprobs: { check: whole(0, 20) },
  logit_bias: { check: bias },
  suffix: refused('no model here fills in the middle of a text'),
  ignore_eos: { check: boolean, sets: 'ignoreEos' },
  grammar: { check: text, sets: 'grammar' },
  json_schema: { check: schema },
} as const;

interface Completion {
  readonly held: Held;
  readonly prompts: readonly PlainPrompt[];
  readonly options: ServedOptions;
  readonly given: Given<typeof table>;
  readonly head: object;
  /** Of each prompt: its choices share it. */
  readonly echoes: Map<PlainPrompt, Promise<Echo>>;
}

/** OpenAI's default for `max_tokens`. */
const FEW_TOKENS = 16;

export async function completions(context: Context): Promise<Response> {
  const { given, options } = readParameters(await bodyOf(context), table, 'refuse');
  const { n = 1, best_of = n, max_tokens = FEW_TOKENS, logprobs, json_schema } = given;
  if (best_of !== n)
    throw new HttpError(400, "'best_of' is to be the same as 'n': answers are not compared here", { param: 'best_of' });
  if (given.stream_options && !given.stream)
    throw new HttpError(400, "'stream_options' goes with 'stream': true", { param: 'stream_options' });
  const pieces = needed(given.prompt, 'prompt');
  checkChoices(pieces.length * n);
  const held = await modelOf(context, given.model);
  const { info } = held.model;
  const all = await asked(plainPrompts(held.model, pieces));
  const bias = given.logit_bias && (await asked(biasOf(held.model, given.logit_bias)));
  const head = {
    id: newId('cmpl-'),
    object: 'text_completion',
    created: nowSeconds(),
    model: held.name,
    system_fingerprint: `backend-${info.backend}`,
  };
  const wished: ServedOptions = {
    ...{ ...options, ...mirostatOf(given), maxTokens: max_tokens, thinking: 'inline' },
    ...(logprobs !== undefined && { logProbs: logprobs }),
    ...(json_schema !== undefined && { schema: json_schema }),
    ...(bias && { logitBias: bias }),
  };
  const completion = { held, prompts: all, options: wished, given, head, echoes: new Map() };
  if (!given.stream) return allAtOnce(context, completion);
  const first = await startOf(context, completion, 0);
  return context.stream(chunksOf(context, completion, first), sse);
}

/** As many choices as one prompt may have. */
const MAX_CHOICES = 128;

/** @throws HttpError */
export function checkChoices(n: number): void {
  if (n <= MAX_CHOICES) return;
  throw new HttpError(400, `${n} answers are asked for at once, expected at most ${MAX_CHOICES}`, { param: 'prompt' });
}

/** A choice that is under way. */
interface Begun {
  readonly echo: Echo;
  /** Absent where no token is wanted. */
  readonly answering: Answering | undefined;
}

interface Echo {
  readonly text: string;
  readonly scored: readonly ScoredToken[];
  readonly nTokens: number;
}

async function startOf(context: Context, completion: Completion, index: number): Promise<Begun> {
  const { held, prompts, options, given, echoes } = completion;
  const { n = 1 } = given;
  const prompt = prompts[Math.floor(index / n)]!;
  const wants = options.maxTokens! > 0;
  if ((given.echo || !wants) && !echoes.has(prompt)) echoes.set(prompt, echoOf(context, held, prompt, given));
  const echo = (await echoes.get(prompt)) ?? noEcho;
  const seed = options.seed === undefined ? {} : { seed: options.seed + (index % n) };
  const answering = wants ? await begin(context, held, { prompt, options: { ...options, ...seed } }) : undefined;
  return { echo, answering };
}

const noEcho: Echo = { text: '', scored: [], nTokens: 0 };

/** The prompt once more, with the log-probabilities of its tokens where they are wanted. */
async function echoOf(
  { signal }: Context,
  { model, slots }: Held,
  prompt: PlainPrompt,
  { echo, logprobs }: Given<typeof table>,
): Promise<Echo> {
  const tokens = await asked(model.tokenize(prompt));
  const nTokens = tokens.length;
  if (!echo) return { ...noEcho, nTokens };
  const text = 'text' in prompt ? prompt.text : await asked(model.detokenize(tokens, { special: true }));
  const scored: ScoredToken[] = [];
  if (logprobs === undefined) return { text, scored, nTokens };
  const { nVocab } = model.info;
  const onRows = (rows: Float32Array): void => {
    for (let at = 0; at < rows.length; at += nVocab) {
      const token = tokens[scored.length + 1];
      if (token !== undefined) scored.push({ token, ...logProbs(rows.subarray(at, at + nVocab), token, logprobs) });
    }
  };
  const slot = await slots.take('', signal);
  try {
    await slot.session.close(); // its place is needed
    await asked(model.logits(tokens, onRows, { signal }));
  } finally {
    slot.release();
  }
  return { text, scored: [{ token: tokens[0]!, logProb: NaN, top: [] }, ...scored], nTokens };
}

/** Where tokens begin in the text of a choice. A character that several tokens make is counted behind the last of them. */
function startOffsets(bosToken: number | undefined): (entry: ScoredEntry) => number {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isFirst = true;
  let end = 0;
  return ({ id, bytes }) => {
    const at = end;
    if (!(isFirst && id === bosToken)) end += decoder.decode(Uint8Array.from(bytes), { stream: true }).length; // BOS is no text
    isFirst = false;
    return at;
  };
}

/** OpenAI's older spelling of log-probabilities. Of the first token of all there is none. */
async function logprobsOf(
  { held, given }: Completion,
  scored: readonly ScoredToken[],
  offsetOf: ReturnType<typeof startOffsets>,
) {
  if (given.logprobs === undefined) return null;
  const entries = await logProbEntries(held.model, scored);
  return {
    tokens: entries.map(({ token }) => token),
    token_logprobs: entries.map(({ logprob }) => (Number.isNaN(logprob) ? null : logprob)),
    top_logprobs: entries.map(({ logprob, top_logprobs }) =>
      Number.isNaN(logprob) ? null : Object.fromEntries(top_logprobs.map((top) => [top.token, top.logprob])),
    ),
    text_offset: entries.map(offsetOf),
  };
}

const nChoices = ({ prompts, given }: Completion): number => prompts.length * (given.n ?? 1);

async function allAtOnce(context: Context, completion: Completion): Promise<Response> {
  const { given, head } = completion;
  const made = await Promise.all(
    Array.from({ length: nChoices(completion) }, async (_, index) => {
      const { echo, answering } = await startOf(context, completion, index);
      const whole = answering && (await wholeOf(answering));
      const scored = [...echo.scored, ...(whole?.scored ?? [])];
      const logprobs = await logprobsOf(completion, scored, startOffsets(completion.held.model.info.bosToken));
      const finish_reason = whole ? finishReason(whole.result.stopReason, false) : 'length';
      const choice = { text: echo.text + (whole?.text ?? ''), index, logprobs, finish_reason };
      return { choice, figures: whole?.result ?? echo };
    }),
  );
  const figures = figuresOf(
    made.map((each) => each.figures),
    given.n ?? 1,
  );
  return json({ ...head, choices: made.map(({ choice }) => choice), ...figures });
}

/** Usage over all prompts; those of one prompt count it once. */
function figuresOf(all: readonly (GenerateResult | Echo)[], n: number) {
  const isMade = (each: GenerateResult | Echo): each is GenerateResult => 'stopReason' in each;
  const sum = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, prompt_tokens_details: { cached_tokens: 0 } };
  for (let at = 0; at < all.length; at += n) {
    const [first] = all.slice(at);
    const usage = usageOf(all.slice(at, at + n).filter(isMade));
    sum.prompt_tokens += isMade(first!) ? usage.prompt_tokens : first!.nTokens;
    sum.completion_tokens += usage.completion_tokens;
    sum.prompt_tokens_details.cached_tokens += usage.prompt_tokens_details.cached_tokens;
  }
  sum.total_tokens = sum.prompt_tokens + sum.completion_tokens;
  const last = all.filter(isMade).at(-1);
  return { usage: sum, ...(last && { timings: timingsOf(last) }) };
}

async function* chunksOf(context: Context, completion: Completion, first: Begun): AsyncGenerator<object> {
  const { given, head } = completion;
  const all: (GenerateResult | Echo)[] = [];
  const choices = Array.from({ length: nChoices(completion) }, (_, index) =>
    choiceChunks(context, completion, index, index === 0 ? first : undefined, (made) => (all[index] = made)),
  );
  yield* interleaved(choices);
  if (withUsage(given)) yield { ...head, choices: [], ...figuresOf(all, given.n ?? 1) };
}

const withUsage = ({ stream_options }: Given<typeof table>): boolean => stream_options?.['include_usage'] === true;

/** The chunks of one choice. @param begun where it was begun before the response was */
async function* choiceChunks(
  context: Context,
  completion: Completion,
  index: number,
  begun: Begun | undefined,
  tell: (made: GenerateResult | Echo) => void,
): AsyncGenerator<object> {
  const { given, head } = completion;
  const { echo, answering } = begun ?? (await startOf(context, completion, index));
  const offsetOf = startOffsets(completion.held.model.info.bosToken); // of the tokens, which may run ahead of the text
  const chunk = async (text: string, scored: readonly ScoredToken[], finish_reason: string | null = null) => {
    const logprobs = await logprobsOf(completion, scored, offsetOf);
    return { ...head, choices: [{ text, index, logprobs, finish_reason }], ...(withUsage(given) && { usage: null }) };
  };
  if (echo.text !== '') yield await chunk(echo.text, echo.scored);
  if (answering) {
    for await (const part of answering.parts)
      if (part.type !== 'tool_call' && part.text !== '') yield await chunk(part.text, answering.takeScored());
  }
  const result = await answering?.result;
  tell(result ?? echo);
  yield await chunk('', answering?.takeScored() ?? [], result ? finishReason(result.stopReason, false) : 'length');
}
