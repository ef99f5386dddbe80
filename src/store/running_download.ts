import type { JobHooks } from './download.ts';
import { stopped } from './trouble.ts';
import type { JobOptions, StoredModel, StoreProgress } from './types.ts';

interface Work {
  /** Downloads what is missing; to be called again after a pause. */
  run(hooks: JobHooks): Promise<StoredModel>;
  /** Deletes what there is. */
  discard(): Promise<void>;
}

const nothing: StoreProgress = {
  state: 'starting',
  doneBytes: 0,
  totalBytes: undefined,
  bytesPerSecond: 0,
  secondsLeft: undefined,
};

/** A download that runs, or pauses. */
export class Download {
  /** The model, once it is whole. */
  readonly result: Promise<StoredModel>;
  /** What was told last. */
  progress: StoreProgress = nothing;
  private readonly options: JobOptions;
  private readonly work: Work;
  private readonly end: { resolve(model: StoredModel): void; reject(error: unknown): void };
  /** Stops what runs now; undefined while nothing does. */
  private running: AbortController | undefined;
  private wish: 'run' | 'pause' | 'cancel' = 'run';
  /** `result` is settled: nothing starts any more. */
  private isOver = false;
  private isWhole = false;
  private cancelling: Promise<void> | undefined;

  /** @internal */
  constructor(options: JobOptions, work: Work) {
    this.options = options;
    this.work = work;
    const { promise, ...end } = withResolvers<StoredModel>();
    this.result = promise;
    this.end = end;
    const { signal } = options;
    const onAbort = (): void => (this.running ? this.running.abort() : this.fail(stopped(signal!)));
    signal?.addEventListener('abort', onAbort, { once: true });
    void promise.catch(() => undefined).finally(() => signal?.removeEventListener('abort', onAbort)); // whoever waits for it is told
    if (signal?.aborted) this.fail(stopped(signal));
    else void this.start();
  }

  /** Stops the network; what has come stays, also when the page is closed. */
  pause(): void {
    if (this.wish !== 'run') return;
    this.wish = 'pause';
    this.running?.abort();
  }

  /** Goes on after `pause`. */
  resume(): void {
    if (this.wish !== 'pause') return;
    this.wish = 'run';
    if (!this.running && !this.isOver) void this.start();
  }

  /** Ends the download and deletes what has come. `result` rejects with an AbortError. A model that is whole stays. */
  async cancel(): Promise<void> {
    this.wish = 'cancel';
    if (this.running) this.running.abort();
    else if (!this.isWhole) await this.cancelled();
    await this.result.catch(() => undefined);
  }

  private async start(): Promise<void> {
    const running = (this.running = new AbortController());
    const onProgress = (progress: StoreProgress): void => this.tell(progress);
    try {
      const model = await this.work.run({ onProgress, signal: running.signal });
      this.running = undefined;
      this.isOver = this.isWhole = true;
      this.end.resolve(model);
    } catch (error) {
      this.running = undefined;
      await this.interrupted(error, running.signal.aborted);
    }
  }

  private async interrupted(error: unknown, wasStopped: boolean): Promise<void> {
    const { signal } = this.options;
    if (signal?.aborted) return this.fail(stopped(signal));
    if (this.wish === 'cancel') return this.cancelled();
    if (!wasStopped || this.isOver) return this.fail(error);
    if (this.wish === 'run') return void this.start(); // paused and resumed meanwhile
    this.tell({ ...this.progress, state: 'paused', bytesPerSecond: 0, secondsLeft: undefined });
  }

  /** Whoever cancels again waits for the same. */
  private cancelled(): Promise<void> {
    this.cancelling ??= this.work
      .discard()
      .then(() => this.fail(new DOMException('The download was cancelled', 'AbortError')))
      .catch((error: unknown) => this.fail(error));
    return this.cancelling;
  }

  private fail(error: unknown): void {
    this.isOver = true;
    this.end.reject(error);
  }

  private tell(progress: StoreProgress): void {
    this.progress = progress;
    try {
      this.options.onProgress?.(progress);
    } catch (error) {
      this.fail(error); // a callback of the caller's threw
      this.running?.abort();
    }
  }
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}
