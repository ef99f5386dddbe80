import { host } from '#platform';
import { limitKernels, limitNames } from './limit_kernels.ts';
import { word, type LimitWorkerData } from './limits.ts';

/** A thread of `openLimits`: does its share of a job each time the generation changes, until it is terminated. */
const port = host();
port.onMessage((message) => {
  const { module, memory, control, share } = message as LimitWorkerData;
  const kernels = limitKernels(module, memory, share);
  port.post('ready');
  for (let generation = 0; ; generation++) {
    Atomics.wait(control, word.generation, generation);
    kernels[limitNames[Atomics.load(control, word.job)]!].run();
    Atomics.add(control, word.done, 1);
  }
});
