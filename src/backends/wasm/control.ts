import type { InstanceStart } from './kernels.ts';

/** The control block lies here: address 0 stays empty, it means "absent" in records. */
export const CONTROL_AT = 64;

/** The host's view of `Control` in assembly/lib/program.ts: indices of 32-bit words. */
const word = CONTROL_AT / 4;

export const control = {
  nThreads: word,
  quit: word + 1,
  aborted: word + 2,
  generation: word + 16,
  passed: word + 48,
} as const;

/** The results of `run` and `resume`. */
export const status = { done: 0, waiting: 1, aborted: 2 } as const;

/** Tells threads at a barrier that one of them is gone. */
export function abortRun(memory: WebAssembly.Memory): void {
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, control.aborted, 1);
  Atomics.notify(words, control.passed);
}

/** The one message that a compute worker gets. */
export interface ComputeJob {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly start: InstanceStart;
  /** The run before the first one it takes part in. */
  readonly generation: number;
}
