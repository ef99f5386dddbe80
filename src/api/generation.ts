import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';

/**
 * An answer while it is made. Iterate it for the pieces of text as they come; await it, or its `result`, for the whole. Leaving the
 * loop early stops the work, and the result then is what there is so far.
 *
 *     for await (const piece of model.generate(prompt)) process.stdout.write(piece);
 *     const { text, stopReason } = await model.generate(prompt);
 */
export interface Generation extends AsyncIterable<string>, PromiseLike<GenerateResult> {
  /** Settles when the answer has ended, also by an abort; rejects where there can be none. */
  readonly result: Promise<GenerateResult>;
}

/** Hands the engine's events to whoever iterates. `start` gets the sink for events and the signal that stops the work. */
export function generation(
  start: (onEvent: (event: GenerateEvent) => void, signal: AbortSignal) => Promise<GenerateResult>,
  options: { readonly signal?: AbortSignal; readonly onPrefill?: (nDone: number, nTotal: number) => void },
): Generation {
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const pieces: string[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const onEvent = (event: GenerateEvent): void => {
    if (event.type === 'prefill') return options.onPrefill?.(event.nDone, event.nTotal);
    pieces.push(event.text);
    wake();
  };
  const result = start(onEvent, signal)
    .catch((error: unknown) => {
      if (signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError')) return nothing;
      throw error;
    })
    .finally(() => {
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
    if (stopReason === 'abort') options.signal?.throwIfAborted();
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
    [Symbol.asyncIterator]: () => iterator,
  };
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
