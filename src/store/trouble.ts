/** What kinds of trouble a download can have, beside those that end it. */
import { ResourceError } from '../base/errors.ts';

/** `passing`: it may go better in a moment; `changed`: the server has another version of the file than before; `noRanges`: it sends whole files only. */
export type Trouble = 'passing' | 'changed' | 'noRanges';

interface Kind {
  readonly trouble: Trouble;
  /** How long the server wants to be left alone. */
  readonly afterMs: number | undefined;
}

const kinds = new WeakMap<Error, Kind>();

/** An error of that kind. */
export function troubled(trouble: Trouble, error: Error, afterMs?: number): Error {
  kinds.set(error, { trouble, afterMs });
  return error;
}

export const kindOfTrouble = (error: unknown): Kind | undefined =>
  error instanceof Error ? kinds.get(error) : undefined;

/** How patient a download is. Tests have less patience. */
export interface Patience {
  /** After so long without a byte a request is given up. */
  readonly stallMs: number;
  /** Before the first new try; each further one waits twice as long, up to `mostMs`. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** Tries in a row that bring no byte. */
  readonly nTries: number;
}

/** A minute and a half without a byte. */
export const usualPatience: Patience = { stallMs: 30_000, firstMs: 500, mostMs: 30_000, nTries: 8 };

/** The platform's word for being told to stop. */
export const stopped = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new DOMException('The download was stopped', 'AbortError');

/** A signal that comes with another one, or when the time is over. */
export function deadline(signal: AbortSignal, ms: number) {
  const stop = new AbortController();
  const at = { own: stop.signal, isLate: false, end };
  const abort = (): void => stop.abort();
  const timer = setTimeout(() => ((at.isLate = true), abort()), ms);
  function end(): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return at;
}

/** Waits, but not for long once the network is there again, nor when it is told to stop. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const target = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      target.removeEventListener?.('online', onOnline);
    };
    const onOnline = (): void => (end(), resolve());
    const onAbort = (): void => (end(), reject(stopped(signal)));
    const timer = setTimeout(onOnline, ms);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    target.addEventListener?.('online', onOnline, { once: true });
  });
}

const isOffline = (): boolean => (globalThis.navigator as { onLine?: boolean } | undefined)?.onLine === false;

interface Trying {
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Grows while bytes come: then a failure is the first of its row. */
  readonly progress: () => number;
  /** Told why it is waited, and when that is over. */
  readonly onWait: (reason: string | undefined) => void;
}

/** Does something again while its trouble is passing. Without a network nothing is counted. */
export async function tried<T>(attempt: () => Promise<T>, { patience, signal, progress, onWait }: Trying): Promise<T> {
  for (let nFailed = 0; ;) {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw stopped(signal);
      const kind = kindOfTrouble(error);
      if (kind?.trouble !== 'passing') throw error;
      const { message } = error as Error;
      nFailed = progress() > before ? 1 : isOffline() ? nFailed : nFailed + 1;
      if (nFailed >= patience.nTries)
        throw new ResourceError(
          `${message} (${nFailed} tries); ${progress() > 0 ? 'what has come is kept, download it again to go on' : 'try again later'}`,
          {
            cause: error,
          },
        );
      onWait(message);
      await pause(kind.afterMs ?? Math.min(patience.mostMs, patience.firstMs * 2 ** nFailed), signal).finally(() =>
        onWait(undefined),
      );
    }
  }
}
