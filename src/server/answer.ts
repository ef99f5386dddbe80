/** Answers of a model, as all routes ask for them. */
import type { GenerateResult, ScoredToken } from '../protocol/generation.ts';
import type { Prompt } from '../protocol/open.ts';
import type { Context } from './context.ts';
import { refusalOf } from './http_error.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { Held, ServedOptions } from './served.ts';

export interface Wish {
  readonly prompt: Prompt;
  readonly options: ServedOptions;
}

/** An answer that is being made: its prompt was taken. */
export interface Answering {
  readonly parts: AsyncIterable<AnswerPart>;
  readonly result: Promise<GenerateResult>;
  /** Tokens that came since this was called last, where log-probabilities were asked for. */
  takeScored(): ScoredToken[];
}

/**
 * Waits for a session and begins an answer. It is there once reading the prompt has begun, so that what is wrong with a request is known before
 * its response begins. Text that nobody has read yet waits here, never more of it than the context holds.
 */
export async function begin(context: Context, { slots }: Held, { prompt, options }: Wish): Promise<Answering> {
  const { signal, defaults, metrics, notes } = context;
  const slot = await slots.take(keyOf(prompt), signal);
  const scored: ScoredToken[] = [];
  let isBegun: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (isBegun = resolve));
  const maxTokens = least(options.maxTokens, defaults.maxTokens); // whoever runs the server says what is the most
  const answer = slot.session.generate(prompt, {
    ...defaults,
    ...options,
    ...(maxTokens !== undefined && { maxTokens }),
    signal,
    onPrefill: () => isBegun(),
    onLogProbs: (each) => void scored.push(each),
  });
  const result = answer.result.then(
    (made) => {
      slot.release();
      metrics.answer(made);
      notes.nPrompt = (notes.nPrompt ?? 0) + made.nPromptTokens;
      notes.nAnswer = (notes.nAnswer ?? 0) + made.tokens.length;
      return made;
    },
    (error: unknown) => {
      slot.release(false);
      throw refusalOf(error);
    },
  );
  result.catch(() => undefined); // whoever reads the parts is told
  await Promise.race([begun, result]);
  signal.throwIfAborted(); // an answer that was stopped before it began is none
  const takeScored = () => scored.splice(0);
  return { parts: partsOf(answer, result), result, takeScored };
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

async function* partsOf(
  answer: AsyncIterable<string | AnswerPart>,
  result: Promise<GenerateResult>,
): AsyncGenerator<AnswerPart> {
  try {
    for await (const part of answer) yield typeof part === 'string' ? { type: 'text', text: part } : part;
  } catch (error) {
    await result; // says it in the client's words
    throw error;
  }
}

/** What sessions are compared by: prompts that begin alike have keys that do. */
function keyOf(prompt: Prompt): string {
  if (typeof prompt === 'string') return prompt;
  if ('text' in prompt) return prompt.text;
  if (!('messages' in prompt)) return Array.from(prompt.slice(0, 4096), (token) => String.fromCharCode(token)).join(''); // tokens as characters: only compared
  const { messages, ...rest } = prompt;
  try {
    return JSON.stringify([rest, ...messages]);
  } catch {
    return ''; // nested too deep: the library says so
  }
}

/** An answer that is there as a whole. */
export interface Whole {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly WholeCall[];
  readonly scored: readonly ScoredToken[];
  readonly result: GenerateResult;
}

export interface WholeCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Waits for all of an answer. @throws what the signal says, where the client is gone or the time is over */
export async function wholeOf(answering: Answering): Promise<Whole> {
  const said = { text: '', thinking: '' };
  const calls: { id: string; name: string; arguments: string }[] = [];
  for await (const part of answering.parts) {
    if (part.type === 'tool_call') {
      const call = (calls[part.index] ??= { id: part.id, name: '', arguments: '' });
      call.name += part.name ?? '';
      call.arguments += part.arguments ?? '';
    } else said[part.type] += part.text;
  }
  const result = await answering.result;
  return { ...said, calls: calls.filter(() => true), scored: answering.takeScored(), result };
}

/** llama-server's figures of an answer. */
export function timingsOf({ nPromptTokens, nReusedTokens, tokens, timings }: GenerateResult) {
  const { prefillMs, decodeMs, decodeTps } = timings; // the first token costs no step of its own
  const nRead = nPromptTokens - nReusedTokens;
  const each = (ms: number, n: number) => (n > 0 ? ms / n : 0);
  const perSecond = (n: number, ms: number) => (ms > 0 ? (1000 * n) / ms : 0);
  return {
    cache_n: nReusedTokens,
    prompt_n: nRead,
    prompt_ms: prefillMs,
    prompt_per_token_ms: each(prefillMs, nRead),
    prompt_per_second: perSecond(nRead, prefillMs),
    predicted_n: tokens.length,
    predicted_ms: decodeMs,
    predicted_per_token_ms: decodeTps > 0 ? 1000 / decodeTps : 0,
    predicted_per_second: decodeTps,
  };
}
