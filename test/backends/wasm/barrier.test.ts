import { expect, test } from 'vitest';
import { control, status } from '../../../src/backends/wasm/control.ts';
import { instantiate, compileBuild } from '../../../src/backends/wasm/kernels.ts';
import { header } from '../../../src/backends/wasm/words.ts';
import { CONTROL_AT } from '../../../src/backends/wasm/control.ts';
import { kernels } from './support.ts';

/** Where this test lays out its program: nodes without items, each behind a barrier. */
const PROGRAM_AT = 4096;
const RECORD_BYTES = 64;
const COUNTERS_AT = 8192;

/** Threads at the barrier: `Control.arrived` in assembly/lib/program.ts. */
const arrived = CONTROL_AT / 4 + 32;

// Between two calls of the leader the test itself is the second thread, and takes its time. Node 20's baseline compiler,
// which compiles everything first, once made leaders walk on after they had slept.
test('a leader waits at each barrier for a thread that is late', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = instantiate(await compileBuild({ kernels, build: 'simd', shared: true }), memory);
  const words = new Int32Array(memory.buffer);
  words[control.nThreads] = 2;
  const nNodes = 5;
  for (let n = 0; n < nNodes; n++) {
    const record = (PROGRAM_AT + n * RECORD_BYTES) / 4;
    words[record + header.barrier] = 1;
    words[record + header.chunk] = 1;
    words[record + header.recordBytes] = RECORD_BYTES;
    words[record + header.counter] = COUNTERS_AT;
  }

  let came = exports['run']!(CONTROL_AT, PROGRAM_AT, PROGRAM_AT + nNodes * RECORD_BYTES, COUNTERS_AT, 64);
  for (let barrier = 0; barrier < nNodes + 1; barrier++) {
    const nSleeps = 1 + (barrier % 3);
    for (let n = 0; n < nSleeps; n++) {
      expect(came).toBe(status.waiting);
      expect(words[control.passed]).toBe(barrier);
      expect(words[arrived]).toBe(1);
      came = exports['resume']!(CONTROL_AT);
    }
    words[arrived] = 0;
    words[control.passed]!++;
    came = exports['resume']!(CONTROL_AT);
  }
  expect(came).toBe(status.done);
});
