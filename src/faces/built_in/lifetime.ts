/** What can be destroyed: every object that `create` returns. */
import { link } from '../../base/signals.ts';
import { abortError, platformError } from './errors.ts';

/** A signal that is aborted with any of several. Call `unlink` when it is no longer needed. */
function linked(signals: readonly (AbortSignal | undefined)[]) {
  const controller = new AbortController();
  const unlink = link(
    signals.filter((signal) => signal !== undefined),
    controller,
  );
  return { signal: controller.signal, unlink };
}

/** Rejects with the signal's reason, whatever that is, as soon as there is one; the work may still be ending. What fails does so as in browsers. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work
      .then(resolve, (error: unknown) => reject(platformError(error)))
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

export class Lifetime {
  private readonly end = new AbortController();
  private readonly name: string;

  /** @param signal that of `create`: aborted later, it destroys what was created. */
  constructor(name: string, signal: AbortSignal | undefined) {
    this.name = name;
    const abort = () => this.end.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true, signal: this.end.signal });
  }

  /** Aborted when it is destroyed. */
  get signal(): AbortSignal {
    return this.end.signal;
  }

  destroy(): void {
    this.end.abort(abortError(`the ${this.name} was destroyed`));
  }

  /** Does work that ends with the caller's signal, or with the object. */
  run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const both = linked([signal, this.end.signal]);
    if (both.signal.aborted) {
      both.unlink();
      return Promise.reject(both.signal.reason as Error);
    }
    return orAborted(work(both.signal), both.signal).finally(both.unlink);
  }

  /** The same for text that comes in pieces. @throws the signal's reason at once, where it has one. */
  stream(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncIterable<string>,
  ): ReadableStream<string> {
    signal?.throwIfAborted();
    const left = new AbortController();
    const all = linked([signal, this.end.signal, left.signal]);
    const start = async (controller: ReadableStreamDefaultController<string>): Promise<void> => {
      const fail = (reason: unknown) => controller.error(reason);
      const abort = () => fail(all.signal.reason);
      if (all.signal.aborted) {
        all.unlink();
        return abort();
      }
      all.signal.addEventListener('abort', abort, { once: true });
      try {
        for await (const piece of work(all.signal)) {
          if (all.signal.aborted) return;
          controller.enqueue(piece);
        }
        if (!all.signal.aborted) controller.close();
      } catch (error) {
        if (!all.signal.aborted) fail(platformError(error));
      } finally {
        all.signal.removeEventListener('abort', abort);
        all.unlink();
      }
    };
    return new ReadableStream<string>({
      start: (controller) => void start(controller),
      cancel: () => left.abort(),
    });
  }
}
