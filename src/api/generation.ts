import { asError } from '../base/errors.ts';
import { link } from '../base/signals.ts';
import type { AnswerPart } from '../chat/parts.ts';
import type { GenerateResult, ScoredToken } from '../protocol/generation.ts';

/** The result of an answer that is held to a schema. */
export interface Valued<Value> extends GenerateResult {
  /** What the answer says, parsed. @throws RangeError where it ended before it was whole (see `stopReason`), or a check of the schema's own fails. */
  readonly value: Value;
}

type Awaitable<T> = Pick<Promise<T>, 'then' | 'catch' | 'finally'>;

/**
 * An answer while it is made. Iterate it for the pieces as they come, texts or (with `thinking: 'split'`) parts; await it, or its `result`,
 * for the whole. Leaving the loop early stops the work, and the result then is what there is so far.
 *
 *     for await (const piece of model.generate(prompt)) process.stdout.write(piece);
 *     const { text, stopReason } = await model.generate(prompt);
 */
export interface Generation<Piece = string, Result = GenerateResult> extends AsyncIterable<Piece>, Awaitable<Result> {
  /** Settles when the answer has ended, also by an abort; rejects where there can be none. */
  readonly result: Promise<Result>;
}

/** What comes of an answer in the caller's thread: its next text, and what parts that is of. */
export interface Said {
  readonly text: string;
  readonly parts: readonly AnswerPart[];
}

/** What an answer hands on while it is made. */
export interface Sink {
  said(said: Said): void;
  prefill(nDone: number, nTotal: number): void;
  scored(token: ScoredToken): void;
}

/** How what was said is given to the caller. */
export interface Telling<Piece> {
  pieces(said: Said): readonly Piece[];
  result(result: GenerateResult, parts: readonly AnswerPart[]): GenerateResult | Promise<GenerateResult>;
}

/** The text as it is. */
export const inline: Telling<string> = {
  pieces: ({ text }) => (text === '' ? [] : [text]),
  result: (result) => result,
};

const textOf = (parts: readonly AnswerPart[], type: 'thinking' | 'text'): string =>
  parts.map((part) => (part.type !== 'tool_call' && part.type === type ? part.text : '')).join('');

/** Thoughts and the rest apart. */
export const split: Telling<AnswerPart> = {
  pieces: ({ parts }) => parts,
  result: (result, parts) => ({ ...result, text: textOf(parts, 'text'), thinking: textOf(parts, 'thinking') }),
};

/** Both, for whoever passes them on. */
export const both: Telling<Said> = { pieces: (said) => [said], result: (result) => result };

/** A schema as it crosses to the engine. */
export const jsonOf = async (schema: object | boolean | null) => (await import('./schemed.ts')).jsonOf(schema);

/** The same, with the value of an answer that is held to a schema. */
export function valued<Piece>(telling: Telling<Piece>, schema: object | boolean | undefined | null): Telling<Piece> {
  if (schema === undefined || schema === null) return telling;
  const result: Telling<Piece>['result'] = async (result, parts) =>
    (await import('./schemed.ts')).withValue(await telling.result(result, parts), textOf(parts, 'text'), schema);
  return { ...telling, result };
}

/** @throws TypeError for another word. */
export function tellingOf(thinking: unknown): Telling<string | AnswerPart> {
  if (thinking === undefined || thinking === null || thinking === 'inline') return inline;
  if (thinking === 'split') return split;
  throw new TypeError(`thinking is ${JSON.stringify(thinking)}, expected 'inline' or 'split'`);
}

export interface GenerationOptions<Piece> {
  readonly telling: Telling<Piece>;
  /** Any of them stops the work; the iteration then throws. */
  readonly signals?: readonly AbortSignal[];
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
  readonly onLogProbs?: (scored: ScoredToken) => void;
}

/** Hands what is said to whoever iterates. `start` gets the sink for it and the signal that stops the work. */
export function generation<Piece>(
  start: (sink: Sink, signal: AbortSignal) => Promise<GenerateResult>,
  { telling, signals = [], onPrefill, onLogProbs }: GenerationOptions<Piece>,
): Generation<Piece> {
  const left = new AbortController();
  const { signal } = left;
  const unlink = link(signals, left);
  const pieces: Piece[] = [];
  const parts: AnswerPart[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const sink: Sink = {
    prefill: (nDone, nTotal) => onPrefill?.(nDone, nTotal),
    scored: (token) => onLogProbs?.(token),
    said(said) {
      for (const piece of telling.pieces(said)) pieces.push(piece);
      for (const part of said.parts) parts.push(part);
      wake();
    },
  };
  const result = start(sink, signal)
    .catch((error: unknown) => {
      if (signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError')) return nothing;
      throw error;
    })
    .then((result) => telling.result(result, parts))
    .finally(() => {
      unlink();
      ended = true;
      wake();
    });
  result.catch(() => undefined); // whoever iterates sees it there; nobody has to look at both

  async function* iterate(): AsyncGenerator<Piece> {
    for (;;) {
      while (pieces.length > 0) yield pieces.shift()!;
      if (ended) break;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const { stopReason } = await result;
    if (stopReason === 'abort') for (const each of signals) each.throwIfAborted();
  }
  const inner = iterate();
  const stop = async (): Promise<IteratorResult<Piece>> => {
    left.abort();
    await result.catch(() => undefined);
    return inner.return(undefined);
  };
  const iterator: AsyncIterator<Piece> = { next: () => inner.next(), return: stop };
  return {
    result,
    then: (resolve, reject) => result.then(resolve, reject),
    catch: (reject) => result.catch(reject),
    finally: (settled) => result.finally(settled),
    [Symbol.asyncIterator]: () => iterator,
  };
}

/** The answer that `make` starts. A mistake in the arguments is an answer that fails: there is one place to look for errors. */
export function orFailed<Piece>(make: () => Generation<Piece>): Generation<Piece> {
  try {
    return make();
  } catch (error) {
    const telling: Telling<Piece> = { pieces: () => [], result: (result) => result };
    return generation(() => Promise.reject(asError(error)), { telling });
  }
}

/** The result of an answer that was stopped before anything was done for it. */
const nothing: GenerateResult = {
  text: '',
  tokens: [],
  nPromptTokens: 0,
  nReusedTokens: 0,
  nForgotten: 0,
  stopReason: 'abort',
  seed: 0,
  timings: { loadMs: 0, ttftMs: 0, prefillMs: 0, prefillTps: 0, decodeMs: 0, decodeTps: 0 },
};
