import { limitKernels, OPERAND, SWEEP_AT } from './limit_kernels.ts';
import { interleave } from './timing.ts';

/** The limits of one thread, inside a page: the amount of one run of each, and milliseconds per run. */
export async function measure(wasm: string, sweepBytes: number, rounds: number) {
  const module = await WebAssembly.compile(await (await fetch(wasm)).arrayBuffer());
  const pages = Math.ceil((SWEEP_AT(1) + sweepBytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  new Uint8Array(memory.buffer).fill(OPERAND);
  const kernels = Object.entries(limitKernels(module, memory, { thread: 0, threads: 1, sweepBytes }));
  const tasks = kernels.map(([name, { run }]) => ({ name, run }));
  const samples = await interleave(tasks, { rounds, sampleMs: 20 });
  return kernels.map(([name, { amount }], i) => ({ name, amount, samples: samples[i]! }));
}
