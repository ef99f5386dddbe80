import { ResourceError } from '../base/errors.ts';

/** How a call gets a place. */
export interface Placing<S> {
  /** Takes the place of one that nobody uses, if it suits. */
  readonly reuse?: (idle: readonly S[]) => S | undefined;
  /** @throws ResourceError where there is no room. */
  readonly open: () => Promise<S>;
  /** It stays when the call is over. */
  readonly isForGood?: boolean;
  /** Whether a place may come back in time. */
  readonly mayWait?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The places that a model has for sessions. Those of `model.generate` and of other calls come and go: they are kept, for the next call,
 * until somebody needs the place. Where all are taken, calls wait for the place of a call that is under way: first come, first served.
 */
export class Places<S> {
  /** Nobody uses them; the one used last comes last. */
  private idle: S[] = [];
  /** Places that will come back by themselves: of calls under way, and of sessions that are being closed. */
  private nComing = 0;
  /** Counts those that came back. */
  private nCame = 0;
  private line: Promise<unknown> = Promise.resolve();
  private wake: (() => void) | undefined;
  private readonly close: (session: S) => void;

  /** @param close ends one that nobody uses */
  constructor(close: (session: S) => void) {
    this.close = close;
  }

  /** A place will come back; `cameBack` says when. */
  coming(): void {
    this.nComing++;
  }

  /** @param kept what holds the place, for a later call */
  cameBack(kept?: S): void {
    this.nComing--;
    this.nCame++;
    if (kept) this.idle.push(kept);
    this.wake?.();
  }

  /** A place; `cameBack` says when a call needs it no more. @throws ResourceError where no place comes back, the signal's reason */
  take({ signal, ...placing }: Placing<S>): Promise<S> {
    const ahead = this.line;
    const placed = untilAborted(ahead, signal).then(async () => {
      const session = await this.placed(placing, signal);
      if (!placing.isForGood) this.coming();
      return session;
    });
    this.line = Promise.allSettled([ahead, placed]);
    return placed;
  }

  /** Closes all that nobody uses. */
  clear(): void {
    for (const session of this.idle.splice(0)) this.close(session);
  }

  private async placed({ reuse, open, mayWait = true }: Placing<S>, signal: AbortSignal | undefined): Promise<S> {
    for (;;) {
      signal?.throwIfAborted();
      const seen = this.nCame;
      const found = reuse?.(this.idle);
      if (found) {
        this.idle = this.idle.filter((session) => session !== found);
        return found;
      }
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof ResourceError)) throw error;
        const unused = this.idle.shift();
        if (unused) this.close(unused);
        else if (!mayWait || (this.nComing === 0 && this.nCame === seen)) throw error;
        else if (this.nCame === seen) await untilAborted(new Promise<void>((resolve) => (this.wake = resolve)), signal);
      }
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
