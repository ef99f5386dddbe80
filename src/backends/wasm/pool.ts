import { ResourceError, UnsupportedError } from '../../errors.ts';
import type { WorkerHandle } from '../../platform/platform.ts';
import { abortRun, control, status, type ComputeJob } from './control.ts';
import type { Exports } from './kernels.ts';
import { CONTROL_AT } from './plan.ts';

export interface PoolOptions {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  /** The leader's own instance. */
  readonly exports: Exports;
  /** Scratch memory of each thread, the leader's first. */
  readonly scratch: readonly number[];
  /** Starts a worker that runs compute_worker.ts. */
  readonly spawn: () => WorkerHandle;
  /** Lets messages and deaths of workers arrive. */
  readonly tick: () => Promise<void>;
}

/** `BROKEN` in assembly/lib/dot_kind.ts. */
const BROKEN_DOT = 0;

/** A run of nodes: addresses as `run` in assembly/lib/program.ts takes them. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly counters: number;
  readonly countersBytes: number;
}

/** The threads that run programs over one memory. The caller's thread leads; alone it needs no shared memory. */
export class Pool {
  private readonly options: PoolOptions;
  private readonly workers: WorkerHandle[] = [];
  private death: Error | undefined;

  private constructor(options: PoolOptions) {
    this.options = options;
  }

  /** @throws ResourceError when a worker does not start. */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options);
    const { exports, scratch } = options;
    const dotKind = exports['probe_dot']!();
    if (dotKind === BROKEN_DOT) {
      throw new UnsupportedError(
        "this engine computes relaxed dot products wrongly; open the model with build: 'simd'",
      );
    }
    exports['set_scratch']!(scratch[0]!);
    exports['set_dot_kind']!(dotKind);
    pool.words()[control.nThreads] = scratch.length;
    try {
      await Promise.all(scratch.slice(1).map((address) => pool.startWorker(address, dotKind)));
    } catch (cause) {
      await pool.close();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ResourceError(`a compute thread did not start (${reason}); ask for fewer threads`, { cause });
    }
    return pool;
  }

  get nThreads(): number {
    return this.options.scratch.length;
  }

  private words(): Int32Array {
    return new Int32Array(this.options.memory.buffer);
  }

  private startWorker(scratch: number, dotKind: number): Promise<void> {
    const { module, memory } = this.options;
    const worker = this.options.spawn();
    this.workers.push(worker);
    const generation = Atomics.load(this.words(), control.generation);
    return new Promise((resolve, reject) => {
      worker.onDeath((reason) => {
        this.death ??= reason;
        reject(reason);
      });
      worker.onMessage(() => {
        worker.keepAlive(false);
        resolve();
      });
      worker.post({ module, memory, scratch, dotKind, generation } satisfies ComputeJob);
    });
  }

  /**
   * Runs nodes on all threads; a promise only where another thread keeps the leader waiting for long.
   * @throws ResourceError when a thread has died; the pool is of no use then.
   */
  run({ begin, end, counters, countersBytes }: Run): void | Promise<void> {
    if (this.death) this.fail();
    const came = this.lead('run', begin, end, counters, countersBytes);
    if (came !== status.done) return this.await(came);
  }

  /** Does the leader's part. A trap here leaves the others waiting, so it ends the pool like any other death. */
  private lead(part: 'run' | 'resume', begin = 0, end = 0, counters = 0, countersBytes = 0): number {
    try {
      return this.options.exports[part]!(CONTROL_AT, begin, end, counters, countersBytes);
    } catch (error) {
      this.death = error instanceof Error ? error : new Error(String(error));
      this.fail();
    }
  }

  private async await(came: number): Promise<void> {
    while (came === status.waiting) {
      await this.options.tick();
      if (this.death) this.fail();
      came = this.lead('resume');
    }
    if (came === status.done) return;
    await this.options.tick(); // the thread that gave up says why
    this.fail();
  }

  private fail(): never {
    abortRun(this.options.memory);
    this.death ??= new Error('no reason given');
    const message = `a compute thread died (${this.death.message}); close the model and open it again`;
    throw new ResourceError(message, { cause: this.death });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.death ??= new Error('the backend is closed');
    const words = this.words();
    if (this.workers.length > 0) {
      Atomics.store(words, control.quit, 1);
      Atomics.add(words, control.generation, 1);
      Atomics.notify(words, control.generation);
    }
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
