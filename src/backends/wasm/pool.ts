import { asError, ResourceError, UnsupportedError } from '../../base/errors.ts';
import type { WorkerHandle } from '../../platform/platform.ts';
import { BROKEN_DOT } from './words.ts';
import { abortRun, CONTROL_AT, control, status, type ComputeJob } from './control.ts';
import type { Instance, InstanceStart, Modules } from './kernels.ts';

/** The parts of the world around it that the pool needs. */
export interface PoolHost {
  /** Starts a worker that runs compute_worker.ts. */
  readonly spawn: () => WorkerHandle;
  /** Lets messages and deaths of workers arrive. */
  readonly tick: () => Promise<void>;
}

/** The things that all threads share. */
export interface Workplace {
  readonly memory: WebAssembly.Memory;
  readonly modules: Modules;
  /** The leader's own. */
  readonly instance: Instance;
  /** Scratch memory of each thread, the leader's first. */
  readonly scratch: readonly number[];
  readonly grids: number;
}

/** Records that are run one after the other: addresses as `run` in assembly/lib/program.ts takes them. */
export interface RecordList {
  readonly begin: number;
  readonly end: number;
  readonly counters: number;
  readonly countersBytes: number;
}

/** The threads that run programs over one memory. The caller's thread leads; alone it needs no shared memory. */
export class Pool {
  readonly nThreads: number;
  private readonly host: PoolHost;
  private readonly workers: WorkerHandle[] = [];
  /** Of the first worker that dies. */
  private readonly dying: Promise<Error>;
  private death: Error | undefined;
  private place: Workplace | undefined;

  /** The workers come up while the caller compiles kernels and lays out the memory that `start` brings. */
  constructor(nThreads: number, host: PoolHost) {
    this.nThreads = nThreads;
    this.host = host;
    this.dying = new Promise((resolve) => {
      try {
        while (this.workers.length < nThreads - 1) {
          const worker = host.spawn();
          this.workers.push(worker);
          worker.onDeath((reason) => resolve((this.death ??= reason)));
        }
      } catch (error) {
        resolve((this.death = asError(error)));
      }
    });
  }

  /** @throws ResourceError when a worker does not start. */
  async start(place: Workplace): Promise<void> {
    const { instance, scratch, grids } = place;
    this.place = place;
    const dotKind = instance.exports['probe_dot']!();
    if (dotKind === BROKEN_DOT) {
      throw new UnsupportedError(
        "this engine computes relaxed dot products wrongly; open the model with build: 'simd'",
      );
    }
    instance.begin({ scratch: scratch[0]!, grids, dotKind });
    this.words()[control.nThreads] = this.nThreads;
    const ready = this.workers.map((worker, i) =>
      this.startWorker(worker, { scratch: scratch[i + 1]!, grids, dotKind }),
    );
    const dead = await Promise.race([this.dying, Promise.all(ready).then(() => undefined)]);
    if (!dead) return;
    throw new ResourceError(`a compute thread did not start: ${dead.message}`, { cause: dead });
  }

  get isDead(): boolean {
    return this.death !== undefined;
  }

  private words(): Int32Array {
    return new Int32Array(this.place!.memory.buffer);
  }

  private startWorker(worker: WorkerHandle, start: InstanceStart): Promise<void> {
    const { modules, memory } = this.place!;
    const generation = Atomics.load(this.words(), control.generation);
    return new Promise((resolve) => {
      worker.onMessage(() => {
        worker.keepAlive(false);
        resolve();
      });
      worker.post({ modules, memory, start, generation } satisfies ComputeJob);
    });
  }

  /**
   * Runs nodes on all threads; a promise only where another thread keeps the leader waiting for long.
   * @throws ResourceError when a thread has died; the pool is of no use then.
   */
  run({ begin, end, counters, countersBytes }: RecordList): void | Promise<void> {
    if (this.death) this.fail();
    const came = this.lead('run', begin, end, counters, countersBytes);
    if (came !== status.done) return this.await(came);
  }

  /** Does the leader's part. A trap here leaves the others waiting, so it ends the pool like any other death. */
  private lead(part: 'run' | 'resume', begin = 0, end = 0, counters = 0, countersBytes = 0): number {
    try {
      return this.place!.instance.exports[part]!(CONTROL_AT, begin, end, counters, countersBytes);
    } catch (error) {
      this.death = asError(error);
      this.fail();
    }
  }

  private async await(came: number): Promise<void> {
    while (came === status.waiting) {
      await this.host.tick();
      if (this.death) this.fail();
      came = this.lead('resume');
    }
    if (came === status.done) return;
    await this.dying; // the thread that gave up says why
    this.fail();
  }

  private fail(): never {
    abortRun(this.place!.memory);
    const message = `a compute thread died (${this.death!.message}); the next call starts the engine again`;
    throw new ResourceError(message, { cause: this.death });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.death ??= new Error('the backend is closed');
    if (this.place && this.workers.length > 0) {
      const words = this.words();
      Atomics.store(words, control.quit, 1);
      Atomics.add(words, control.generation, 1);
      Atomics.notify(words, control.generation);
    }
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
