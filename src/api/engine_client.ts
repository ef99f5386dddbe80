import { asError, ResourceError } from '../base/errors.ts';
import { abortReason } from '../base/signals.ts';
import type { WorkerHandle } from '../platform/platform.ts';
import { callSite, errorAt, seenFrom, type CallSite } from './call_site.ts';
import { NO_CALL, revivedError, type CallName, type Calls, type FromEngine } from '../protocol/messages.ts';

/** A call that waits for its answer. */
interface Pending {
  readonly site: CallSite;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: (event: unknown) => void;
}

export interface CallHooks<K extends CallName> {
  readonly onEvent?: (event: Calls[K]['event']) => void;
  readonly signal?: AbortSignal;
  /** Where the caller's code asked for it; default: here. */
  readonly site?: CallSite;
}

/** What a long step or a template may take before a model that is closed loses its thread. */
const CLOSE_MS = 300;

/** The caller's side of the worker: calls as promises. A worker that dies rejects them all with its reason. */
export class EngineClient {
  private readonly worker: WorkerHandle;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private dead: Error | undefined;
  /** Whether the engine's script was not where it was looked for. */
  isMissing = false;

  constructor(worker: WorkerHandle) {
    this.worker = worker;
    worker.keepAlive(false);
    worker.onMessage((data) => this.receive(data as FromEngine));
    worker.onDeath((reason, isMissing) => this.fail(reason, isMissing));
  }

  /** Whether it takes no calls any more. */
  get isDead(): boolean {
    return this.dead !== undefined;
  }

  /** The thread is of no use any more; `isMissing`: it never was. */
  fail(reason: Error, isMissing: boolean): void {
    this.isMissing = isMissing;
    const why = isMissing
      ? `the engine's thread cannot start: ${reason.message}; serve it beside the library's script, and let the page's Content-Security-Policy allow it (worker-src 'self')`
      : `the engine's thread died: ${reason.message}; the next call starts it again; where memory ran out, open the model with a smaller nCtx`;
    this.end(new ResourceError(why, { cause: reason }));
  }

  /** Sends a call; resolves with its result. An abort reaches the engine, whose answer then is an `AbortError`. */
  call<K extends CallName>(name: K, args: Calls[K]['args'], hooks: CallHooks<K> = {}): Promise<Calls[K]['result']> {
    const { signal, onEvent, site = callSite() } = hooks;
    if (this.dead) return Promise.reject(seenFrom(site, this.dead));
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const id = this.nextId++;
    const cancel = () => this.worker.post({ id, call: 'cancel' });
    signal?.addEventListener('abort', cancel, { once: true });
    const answered = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { site, resolve, reject, onEvent: (event) => onEvent?.(event as Calls[K]['event']) });
      this.worker.keepAlive(true);
      try {
        this.worker.post({ id, call: name, args });
      } catch (error) {
        this.settle(id);
        const why = `an argument cannot be sent to the engine's thread: ${asError(error).message}`;
        reject(new TypeError(`${why}; give plain data`, { cause: error }));
      }
    });
    return answered
      .catch((error: unknown) => {
        throw signal?.aborted && error instanceof DOMException ? abortReason(signal) : error;
      })
      .finally(() => signal?.removeEventListener('abort', cancel)) as Promise<Calls[K]['result']>;
  }

  /** Lets the engine give back what it holds, but not for long, then ends its thread; calls still open fail with `reason` at once. */
  async close(reason: Error): Promise<void> {
    const open = [...this.pending];
    const closed = this.call('close', {}).catch(() => undefined);
    this.dead ??= reason;
    for (const [id, { reject, site }] of open) {
      this.worker.post({ id, call: 'cancel' });
      this.settle(id);
      reject(seenFrom(site, reason));
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))]);
    clearTimeout(timer);
    await this.terminate(reason);
  }

  /** Ends the thread; calls still open fail with `reason`. */
  async terminate(reason: Error): Promise<void> {
    this.end(reason);
    await this.worker.terminate();
  }

  private receive(message: FromEngine): void {
    if (message.id === NO_CALL && 'error' in message) return void this.terminate(revivedError(message.error));
    const pending = this.pending.get(message.id);
    if (!pending) return;
    if ('event' in message) {
      try {
        pending.onEvent(message.event);
      } catch (error) {
        this.settle(message.id); // a callback of the caller's threw: the call fails with what it threw
        this.worker.post({ id: message.id, call: 'cancel' });
        pending.reject(error as Error);
      }
      return;
    }
    this.settle(message.id);
    if (!('error' in message)) return pending.resolve(message.result);
    const error = errorAt(pending.site, message.error);
    pending.reject(error);
    if (message.isLast) void this.terminate(error);
  }

  private settle(id: number): void {
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker.keepAlive(false);
  }

  private end(reason: Error): void {
    this.dead ??= reason;
    for (const { reject, site } of this.pending.values()) reject(seenFrom(site, reason));
    this.pending.clear();
    this.worker.keepAlive(false);
  }
}
