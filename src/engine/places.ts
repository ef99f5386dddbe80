import { ResourceError } from '../base/errors.ts';

/** The places that a model has for sessions. Those of calls come and go, and are kept for the next call until somebody needs them. */
export interface Places<S> {
  /** Nobody uses them; the one used last comes last. */
  idle: S[];
  /** Places that will come back by themselves: of calls under way, and of sessions that are being closed. */
  nComing: number;
  /** Counts those that came back. */
  nCame: number;
  /** Settles when nobody waits for a place; undefined: nobody does. */
  line: Promise<void> | undefined;
  wake: (() => void) | undefined;
}

/** How a call gets a place. */
export interface Placing<S> {
  /** Takes the place of one that nobody uses, if it suits. */
  readonly reuse: (() => S | undefined) | undefined;
  /** @throws ResourceError where there is no room. */
  readonly open: () => Promise<S>;
  readonly close: (session: S) => void;
  /** Whether a place may come back in time. */
  readonly mayWait: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * A place where there is none: that of a session which nobody uses, or one that comes back. First come, first served.
 * @throws ResourceError where no place comes back, the signal's reason
 */
export function waitForPlace<S>(places: Places<S>, { signal, ...placing }: Placing<S>): Promise<S> {
  const placed = untilAborted(places.line ?? Promise.resolve(), signal).then(() => freed(places, placing, signal));
  const line = Promise.allSettled([places.line, placed]).then(() => {
    if (places.line === line) places.line = undefined;
  });
  places.line = line;
  return placed;
}

async function freed<S>(
  places: Places<S>,
  { reuse, open, close, mayWait }: Omit<Placing<S>, 'signal'>,
  signal: AbortSignal | undefined,
): Promise<S> {
  for (;;) {
    signal?.throwIfAborted();
    const seen = places.nCame;
    const found = reuse?.();
    if (found) return found;
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ResourceError)) throw error;
      const unused = places.idle.shift();
      if (unused) close(unused);
      else if (!mayWait || (places.nComing === 0 && places.nCame === seen)) throw error;
      else if (places.nCame === seen) await untilAborted(new Promise<void>((wake) => (places.wake = wake)), signal);
    }
  }
}

/** What `promise` comes to, unless the signal is aborted before. @throws its reason */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
