import { compileKernels } from '../../src/backends/wasm/kernels.ts';
import { ResourceError } from '../../src/base/errors.ts';
import type { Build } from '../../src/platform/features.ts';
import type { WorkerHandle } from '../../src/platform/platform.ts';
import type { MeasureHost } from './host.ts';
import { limitKernels, limitNames, OPERAND, SWEEP_AT, type LimitJob, type LimitShare } from './limit_kernels.ts';
import type { Task } from './timing.ts';

/** A thing that the machine does at its best, with all threads at once; every run does `amount` of it. */
export interface LimitTask extends Task {
  /** Bytes, or multiply-adds. */
  readonly amount: number;
}

/**
 * `read` reads from memory, `copy` reads and writes in the cache. The others multiply and add with operands in the L1 cache: `dot` by the
 * build's integer dot product, `dot16` by that of 16-bit integers, which both builds have, `f32` in floats.
 */
export type Limits = Readonly<Record<LimitJob, LimitTask>> & { close(): Promise<void> };

export interface LimitsOptions {
  readonly build: Build;
  readonly threads: number;
  /** Bytes that all threads together read from memory: far more than caches hold. */
  readonly sweepBytes: number;
  readonly host: Pick<MeasureHost, 'features' | 'limits' | 'spawnLimits'>;
}

/** The message that starts a limits worker. */
export interface LimitWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  readonly share: LimitShare;
}

/** Words of `control`: the number of the current job, its name's index, and how many workers have done it. */
export const word = { generation: 0, job: 1, done: 2, length: 3 } as const;

/** One thread needs no shared memory; more do. */
export async function openLimits({ build, threads, sweepBytes, host }: LimitsOptions): Promise<Limits> {
  const { sharedMemory } = host.features;
  const module = await compileKernels(await host.limits(build), sharedMemory);
  const each = Math.floor(sweepBytes / threads / 1024) * 1024;
  const memory = limitsMemory(SWEEP_AT(threads) + each * threads, sharedMemory);
  const share = (thread: number): LimitShare => ({ thread, threads, sweepBytes: each });
  const kernels = limitKernels(module, memory, share(0));
  const Words = threads > 1 ? SharedArrayBuffer : ArrayBuffer;
  const control = new Int32Array(new Words(word.length * 4));
  const workers = await Promise.all(
    Array.from({ length: threads - 1 }, (_, i) => startWorker(host, { module, memory, control, share: share(i + 1) })),
  );

  const task = (job: LimitJob): LimitTask => ({
    name: job,
    amount: kernels[job].amount * threads,
    run() {
      Atomics.store(control, word.job, limitNames.indexOf(job));
      Atomics.store(control, word.done, 0);
      Atomics.add(control, word.generation, 1);
      Atomics.notify(control, word.generation);
      kernels[job].run();
      while (Atomics.load(control, word.done) < workers.length);
    },
  });
  return {
    read: task('read'),
    copy: task('copy'),
    dot: task('dot'),
    dot16: task('dot16'),
    f32: task('f32'),
    close: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))),
  };
}

/** @throws ResourceError where there is no such memory to be had */
function limitsMemory(nBytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(nBytes / 65536);
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    new Uint8Array(memory.buffer).fill(OPERAND);
    return memory;
  } catch (cause) {
    const need = `measuring bandwidth needs ${nBytes.toLocaleString('en')} bytes of memory, which this device does not give`;
    throw new ResourceError(`${need}; close other tabs or programs`, { cause });
  }
}

function startWorker(host: LimitsOptions['host'], data: LimitWorkerData): Promise<WorkerHandle> {
  const worker = host.spawnLimits();
  return new Promise((resolve, reject) => {
    worker.onMessage(() => {
      worker.keepAlive(false);
      resolve(worker);
    });
    worker.onDeath(reject);
    worker.post(data);
  });
}
