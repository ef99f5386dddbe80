import type { GenerateEvent, GenerateResult } from '../protocol/generation.ts';

/**
 * An answer while it is made: iterate it for the pieces of text as they come, and await `result` for the whole. Leaving
 * the loop early stops the work.
 */
export interface Generation extends AsyncIterable<string> {
  /** Settles when the answer has ended; rejects with what stopped it. */
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
  const result = start(onEvent, signal).finally(() => {
    ended = true;
    wake();
  });
  result.catch(() => undefined); // an iterating caller sees the error there; nobody has to look at both

  async function* iterate(): AsyncGenerator<string> {
    try {
      for (;;) {
        while (pieces.length > 0) yield pieces.shift()!;
        if (ended) break;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      await result;
    } finally {
      left.abort();
      await result.catch(() => undefined);
    }
  }
  const iterator = iterate();
  return { result, [Symbol.asyncIterator]: () => iterator };
}
