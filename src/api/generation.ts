import { asError } from '../base/errors.ts';
import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';

type Awaitable<T> = Pick<Promise<T>, 'then' | 'catch' | 'finally'>;

/**
 * An answer while it is made. Iterate it for the pieces of text as they come; await it, or its `result`, for the whole. Leaving the
 * loop early stops the work, and the result then is what there is so far.
 *
 *     for await (const piece of model.generate(prompt)) process.stdout.write(piece);
 *     const { text, stopReason } = await model.generate(prompt);
 */
export interface Generation extends AsyncIterable<string>, Awaitable<GenerateResult> {
  /** Settles when the answer has ended, also by an abort; rejects where there can be none. */
  readonly result: Promise<GenerateResult>;
}

export interface GenerationOptions {
  /** Any of them stops the work; the iteration then throws. */
  readonly signals?: readonly AbortSignal[];
  readonly onPrefill?: (nDone: number, nTotal: number) => void;
}

/** Hands the engine's events to whoever iterates. `start` gets the sink for events and the signal that stops the work. */
export function generation(
  start: (onEvent: (event: GenerateEvent) => void, signal: AbortSignal) => Promise<GenerateResult>,
  { signals = [], onPrefill }: GenerationOptions,
): Generation {
  const left = new AbortController();
  const { signal } = left;
  const unlink = link(signals, left);
  const pieces: string[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const onEvent = (event: GenerateEvent): void => {
    if (event.type === 'prefill') return onPrefill?.(event.nDone, event.nTotal);
    pieces.push(event.text);
    wake();
  };
  const result = start(onEvent, signal)
    .catch((error: unknown) => {
      if (signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError')) return nothing;
      throw error;
    })
    .finally(() => {
      unlink();
      ended = true;
      wake();
    });
  result.catch(() => undefined); // whoever iterates sees it there; nobody has to look at both

  async function* iterate(): AsyncGenerator<string> {
    for (;;) {
      while (pieces.length > 0) yield pieces.shift()!;
      if (ended) break;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const { stopReason } = await result;
    if (stopReason === 'abort') for (const each of signals) each.throwIfAborted();
  }
  const inner = iterate();
  const stop = async (): Promise<IteratorResult<string>> => {
    left.abort();
    await result.catch(() => undefined);
    return inner.return(undefined);
  };
  const iterator: AsyncIterator<string> = { next: () => inner.next(), return: stop };
  return {
    result,
    then: (resolve, reject) => result.then(resolve, reject),
    catch: (reject) => result.catch(reject),
    finally: (settled) => result.finally(settled),
    [Symbol.asyncIterator]: () => iterator,
  };
}

/** The answer that `make` starts. A mistake in the arguments is an answer that fails: there is one place to look for errors. */
export function orFailed(make: () => Generation): Generation {
  try {
    return make();
  } catch (error) {
    return generation(() => Promise.reject(asError(error)), {});
  }
}

/** Aborts `controller` when one of the signals is; AbortSignal.any is younger than the engines that this runs on. */
function link(signals: readonly AbortSignal[], controller: AbortController): () => void {
  const abort = () => controller.abort(signals.find(({ aborted }) => aborted)?.reason);
  if (signals.some(({ aborted }) => aborted)) abort();
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
  return () => signals.forEach((signal) => signal.removeEventListener('abort', abort));
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
