import { header } from '../../src/backends/wasm/lower.ts';
import { instantiate } from '../../src/backends/wasm/kernels.ts';
import { Pool, type Run } from '../../src/backends/wasm/pool.ts';

/** Time spent in nodes of one kind. */
export interface ProfileEntry {
  /** The kernel, or all that are fused with it. */
  readonly kernels: string;
  nRuns: number;
  ms: number;
}

/**
 * Runs `work` with every pool's programs taken apart: each group of fused nodes becomes a run of its own, and its time is
 * noted. Barriers between nodes are then part of what is measured, so the sum is a little more than the whole takes.
 */
export async function profile(work: () => Promise<void>): Promise<ProfileEntry[]> {
  const entries = new Map<string, ProfileEntry>();
  const { run: whole } = Pool.prototype;
  Pool.prototype.run = async function (this: Pool, run: Run): Promise<void> {
    const { memory, module } = this['place']!;
    const names = kernelNames(module, memory);
    for (const { begin, end, kernels } of groups(new Int32Array(memory.buffer), run)) {
      const startMs = performance.now();
      const running = whole.call(this, { ...run, begin, end });
      if (running) await running;
      const key = kernels.map((kernel) => names.get(kernel)).join(' + ');
      const entry = entries.get(key) ?? { kernels: key, nRuns: 0, ms: 0 };
      entry.nRuns++;
      entry.ms += performance.now() - startMs;
      entries.set(key, entry);
    }
  };
  try {
    await work();
  } finally {
    Pool.prototype.run = whole;
  }
  return [...entries.values()].sort((a, b) => b.ms - a.ms);
}

/** The program's groups: a first record, and those fused to it. */
function* groups(words: Int32Array, { begin, end }: Run) {
  for (let at = begin; at < end;) {
    const first = at;
    const kernels: number[] = [];
    for (let left = words[at / 4 + header.nFused]! + 1; left > 0; left--) {
      kernels.push(words[at / 4 + header.kernel]!);
      at += words[at / 4 + header.recordBytes]!;
    }
    yield { begin: first, end: at, kernels };
  }
}

const cache = new WeakMap<WebAssembly.Module, ReadonlyMap<number, string>>();

/** Kernels by their place in the function table, which is the same in every instance. */
function kernelNames(module: WebAssembly.Module, memory: WebAssembly.Memory): ReadonlyMap<number, string> {
  let names = cache.get(module);
  if (!names) {
    const instance = instantiate(module, memory);
    names = new Map(Object.keys(instance.exports).map((name) => [instance.kernelIndex(name)!, name]));
    cache.set(module, names);
  }
  return names;
}
