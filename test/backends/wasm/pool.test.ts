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

test('a compute thread that does not start is a ResourceError', async () => {
  const missing = pathToFileURL(join(tmpdir(), 'there-is-no-such-file.mjs'));
  await expect(backendWith(missing)).rejects.toThrow(ResourceError);
});

test('a compute thread that cannot even be made is a ResourceError, too', async () => {
  const spawnNone = () => {
    throw new Error('no more threads');
  };
  const opening = runCase(opCase, { threads: 2, host: nodeHost({ spawn: spawnNone }) });
  await expect(opening).rejects.toThrow(ResourceError);
  await expect(opening).rejects.toThrow(/did not start \(no more threads\); ask for fewer threads/);
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
