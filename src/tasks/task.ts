/** Something that a model does to a text, while it is done: pieces of text to iterate, a result to await. */

import { tagOf } from '../base/checks.ts';

type Awaitable<T> = Pick<Promise<T>, 'then' | 'catch' | 'finally'>;

/**
 * Iterate it for the text as it comes; await it, or its `result`, for the whole. Leaving the loop early stops the work.
 *
 *     for await (const piece of summarize(model, text)) process.stdout.write(piece);
 *     const { text } = await summarize(model, text);
 */
export interface Task<Result> extends AsyncIterable<string>, Awaitable<Result> {
  /** Settles when the work is done; rejects with the signal's reason where it was stopped. */
  readonly result: Promise<Result>;
}

/** How a task does its work: it yields text and returns the result. The signal is the caller's, or that of a loop that was left. */
export type Work<Result> = (signal: AbortSignal) => AsyncGenerator<string, Result>;

/** Starts the work. */
export function taskOf<Result>(work: Work<Result>, given: AbortSignal | undefined): Task<Result> {
  const signal = tagOf(given) === 'AbortSignal' ? given : undefined; // of what is none the work says so
  const left = new AbortController();
  const stop = () => left.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const pieces: string[] = [];
  let isOver = false;
  let wake: () => void = () => undefined;
  const run = async (): Promise<Result> => {
    const steps = work(left.signal);
    for (;;) {
      left.signal.throwIfAborted();
      const step = await steps.next();
      if (step.done) return step.value;
      pieces.push(step.value);
      wake();
    }
  };
  const result = run().finally(() => {
    signal?.removeEventListener('abort', stop);
    isOver = true;
    wake();
  });
  result.catch(() => undefined); // whoever iterates sees it there

  async function* iterate(): AsyncGenerator<string> {
    try {
      for (;;) {
        while (pieces.length > 0) yield pieces.shift()!;
        if (isOver) break;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      await result;
    } finally {
      left.abort();
    }
  }
  const inner = iterate();
  const leave = async (): Promise<IteratorResult<string>> => {
    left.abort();
    wake();
    await result.catch(() => undefined);
    return inner.return(undefined);
  };
  return {
    result,
    then: (resolve, reject) => result.then(resolve, reject),
    catch: (reject) => result.catch(reject),
    finally: (settled) => result.finally(settled),
    [Symbol.asyncIterator]: () => ({ next: () => inner.next(), return: leave }),
  };
}
