import { expect, test } from 'vitest';
import { ResourceError } from '../../../src/base/errors.ts';
import { instantiate, compileBuild } from '../../../src/backends/wasm/kernels.ts';
import { header } from '../../../src/backends/wasm/words.ts';
import { Pool } from '../../../src/backends/wasm/pool.ts';
import { nodeHost, kernels } from './support.ts';

/**
 * Programs laid out by hand, of `add` nodes whose record is | header | out | a | b | cols |. Each group of fused nodes has one
 * item, so one thread does all of it.
 */
const RECORD_BYTES = 64;
const [COUNTERS_AT, PROGRAM_AT, SCRATCH_AT, DATA_AT] = [8192, 16384, 1 << 16, 1 << 20];
const PAGES = 64;
const DATA_COLS = 1 << 18; // [1, DATA_COLS] floats: a MiB

async function startPool(nThreads: number) {
  const { spawn, tick } = nodeHost();
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const modules = await compileBuild({ kernels, build: 'simd', shared: true });
  const instance = instantiate(modules, memory);
  const pool = new Pool(nThreads, { spawn, tick });
  const scratch = Array.from({ length: nThreads }, (_, i) => SCRATCH_AT + i * 4096);
  await pool.start({ memory, modules, instance, scratch, grids: 0 });
  const words = new Int32Array(memory.buffer);
  let nNodes = 0;
  let nGroups = 0;
  /** Fused nodes; the last one may write elsewhere. */
  const writeGroup = (nFused: number, lastOut = DATA_AT): void => {
    for (let n = 0; n < nFused; n++) {
      const record = (PROGRAM_AT + nNodes++ * RECORD_BYTES) / 4;
      words[record + header.kernel] = instance.kernelIndex('add')!;
      words[record + header.nItems] = 1;
      words[record + header.chunk] = 1;
      words[record + header.nFused] = nFused - 1 - n;
      words[record + header.recordBytes] = RECORD_BYTES;
      words[record + header.counter] = COUNTERS_AT + 64 * nGroups;
      words.set([n === nFused - 1 ? lastOut : DATA_AT, DATA_AT, DATA_AT, DATA_COLS], record + header.length);
    }
    nGroups++;
  };
  const run = async () =>
    pool.run({
      begin: PROGRAM_AT,
      end: PROGRAM_AT + nNodes * RECORD_BYTES,
      counters: COUNTERS_AT,
      countersBytes: 64 * nGroups,
    });
  return { pool, writeGroup, run };
}

/** A node that writes here traps. */
const BEYOND = (PAGES << 16) - 64;
const message = /out of bounds\); the next call starts the engine again/;

for (const nThreads of [1, 2]) {
  test(`a kernel that traps in the leader rejects the run and every later one, with ${nThreads} thread(s)`, async () => {
    const { pool, writeGroup, run } = await startPool(nThreads);
    writeGroup(1, BEYOND);
    await expect(run()).rejects.toThrow(ResourceError);
    await expect(run()).rejects.toThrow(message);
    await pool.close();
  });
}

for (const [leader, nLeader, nWorker] of [
  ['is busy', 400, 1],
  ['waits at the barrier', 40, 200],
] as const) {
  test(`a kernel that traps in a compute worker rejects the run and says why, while the leader ${leader}`, async () => {
    const { pool, writeGroup, run } = await startPool(2);
    writeGroup(nLeader); // the leader begins, and is busy when the worker has woken up
    writeGroup(nWorker, BEYOND);
    await expect(run()).rejects.toThrow(message);
    await expect(run()).rejects.toThrow(ResourceError);
    await pool.close();
  });
}
