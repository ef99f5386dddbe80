import { parentPort, workerData } from 'node:worker_threads';
import { limitKernels } from './limit_kernels.ts';
import { jobs, word, type LimitWorkerData } from './limits.ts';

/** A thread of `openLimits`: does its share of a job each time the generation changes, until it is terminated. */
const { module, memory, control, thread, threads, sweepBytes } = workerData as LimitWorkerData & { threads: number };
const kernels = limitKernels(module, memory, { thread, threads, sweepBytes });
parentPort!.postMessage('ready');
for (let generation = 0; ; generation++) {
  Atomics.wait(control, word.generation, generation);
  kernels[jobs[Atomics.load(control, word.job)]!].run();
  Atomics.add(control, word.done, 1);
}
