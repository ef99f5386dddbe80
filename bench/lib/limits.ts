import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Build } from '../../src/platform/features.ts';
import { limitKernels, OPERAND, SWEEP_AT, type LimitJob, type LimitKernels } from './limit_kernels.ts';
import type { Task } from './timing.ts';

/** A thing that the machine does at its best, with all threads at once; every run does `amount` of it. */
export interface LimitTask extends Task {
  /** Bytes, or multiply-adds. */
  readonly amount: number;
}

export interface Limits {
  /** Reads from memory. */
  readonly read: LimitTask;
  /** Reads and writes in the cache. */
  readonly copy: LimitTask;
  /** The build's integer dot product, operands in the L1 cache. */
  readonly dot: LimitTask;
  /** The dot product of 16-bit integers, which both builds have. */
  readonly dot16: LimitTask;
  /** Multiplications and additions of float32, operands in the L1 cache. */
  readonly f32: LimitTask;
  close(): Promise<void>;
}

/** The message that starts a limits worker. */
export interface LimitWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  readonly thread: number;
  readonly sweepBytes: number;
}

/** Words of `control`: the number of the current job, its name's index, and how many workers have done it. */
export const word = { generation: 0, job: 1, done: 2, length: 3 } as const;

export const limitsFile = (build: Build): URL => new URL(`./limits.${build}.wasm`, import.meta.url);

/** @param sweepBytes bytes that all threads together read from memory: far more than caches hold. */
export async function openLimits(build: Build, threads: number, sweepBytes: number): Promise<Limits> {
  const module = await WebAssembly.compile(await readFile(limitsFile(build)));
  const each = Math.floor(sweepBytes / threads / 1024) * 1024;
  const pages = Math.ceil((SWEEP_AT(threads) + each * threads) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).fill(OPERAND);
  const control = new Int32Array(new SharedArrayBuffer(word.length * 4));
  const share = { module, memory, control, sweepBytes: each };
  const kernels = limitKernels(module, memory, { thread: 0, threads, sweepBytes: each });
  const workers = await Promise.all(
    Array.from({ length: threads - 1 }, (_, i) => startWorker({ ...share, thread: i + 1 }, threads)),
  );

  const task = (job: LimitJob): LimitTask => ({
    name: job,
    amount: kernels[job].amount * threads,
    run() {
      Atomics.store(control, word.job, jobs.indexOf(job));
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

export const jobs: readonly (keyof LimitKernels)[] = ['read', 'copy', 'dot', 'dot16', 'f32'];

async function startWorker(data: LimitWorkerData, threads: number): Promise<Worker> {
  const worker = new Worker(new URL('./limits_worker.js', import.meta.url), { workerData: { ...data, threads } });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.unref();
  return worker;
}
