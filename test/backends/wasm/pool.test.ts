import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { ResourceError } from '../../../src/base/errors.ts';
import { createWasmBackend, defaultThreads, type WasmHost } from '../../../src/backends/wasm/wasm.ts';
import { spawn } from '../../../src/platform/node.ts';
import { attentionCases } from '../../cases/attention.ts';
import { buildCase } from '../../cases/op_case.ts';
import { nodeHost, runCase } from './support.ts';

const opCase = attentionCases.odd.find(({ nTokens }) => nTokens === 65)!;

/** A compute worker that says it is ready and then does what `fate` says. */
function doomed(fate: string): URL {
  const file = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'doomed.mjs');
  const start = `import { parentPort } from 'node:worker_threads';\nparentPort.on('message', () => {`;
  writeFileSync(file, `${start} parentPort.postMessage('ready'); ${fate} });`);
  return pathToFileURL(file);
}

async function backendWith(script: URL) {
  const { graph, step } = buildCase(opCase);
  const host: WasmHost = nodeHost({ spawn: () => spawn(script, 'compute') });
  const backend = await createWasmBackend({ weights: [], graph, maxSessions: 1, threads: 2, host });
  return { backend, program: backend.prepare(graph), step };
}

const fates = {
  exits: 'setTimeout(() => process.exit(3), 20);',
  throws: "setTimeout(() => { throw new Error('out of luck'); }, 20);",
};

for (const [what, fate] of Object.entries(fates)) {
  test(`a compute thread that ${what} in the middle of a run rejects the run with its reason`, async () => {
    const { backend, program, step } = await backendWith(doomed(fate));
    const run = Promise.resolve(program.run(step)); // the leader waits at the first barrier: the other thread never comes
    await expect(run).rejects.toThrow(ResourceError);
    await expect(run).rejects.toThrow(what === 'throws' ? /out of luck/ : /exited with code 3/);
    expect(() => program.run(step)).toThrow(ResourceError); // and every later one
    await backend.dispose();
    expect((await runCase(opCase, { threads: 2 })).length).toBeGreaterThan(0); // the next backend works
  });
}

const spawnNone = () => {
  throw new Error('no more threads');
};

test('where compute threads do not start the leader runs alone, and says why', async () => {
  const { graph } = buildCase(opCase);
  const missing = pathToFileURL(join(tmpdir(), 'there-is-no-such-file.mjs'));
  for (const spawning of [() => spawn(missing, 'compute'), spawnNone]) {
    const host = nodeHost({ spawn: spawning });
    const backend = await createWasmBackend({ weights: [], graph, maxSessions: 1, threads: 2, host });
    expect(backend.threads).toBe(1);
    expect(backend.noThreads).toMatch(/did not start.*(Cannot find|no more threads)/);
    await backend.dispose();
  }
});

test('a leader that runs alone makes the bits of two threads', async () => {
  const alone = await runCase(opCase, { threads: 2, host: nodeHost({ spawn: spawnNone }) });
  expect(alone).toEqual(await runCase(opCase, { threads: 2 }));
});

test('64 threads give the same bits as one', async () => {
  expect(await runCase(opCase, { threads: 64 })).toEqual(await runCase(opCase, { threads: 1 }));
}, 30_000);

test('a thread count that makes no sense is a RangeError', async () => {
  for (const threads of [0, -1, 1.5, 65, NaN]) await expect(runCase(opCase, { threads })).rejects.toThrow(RangeError);
});

test('by default there is a thread per core, up to eight, and one without shared memory', () => {
  const features = { build: 'simd', sharedMemory: true } as const;
  expect(defaultThreads({ features, nCores: 1 })).toBe(1);
  expect(defaultThreads({ features, nCores: 4 })).toBe(4);
  expect(defaultThreads({ features, nCores: 64 })).toBe(8);
  expect(defaultThreads({ features: { ...features, sharedMemory: false }, nCores: 4 })).toBe(1);
});

test('running a disposed program or a closed backend is an error, closing twice is not', async () => {
  const { graph, step } = buildCase(opCase);
  const backend = await createWasmBackend({ weights: [], graph, maxSessions: 1, threads: 2, host: nodeHost() });
  const program = backend.prepare(graph);
  await program.run(step);
  await backend.dispose();
  expect(() => program.run(step)).toThrow(/closed/);
  program.dispose();
  program.dispose();
  expect(() => program.run(step)).toThrow(TypeError);
  await backend.dispose();
});
