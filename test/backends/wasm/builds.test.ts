import { beforeAll, expect, test } from 'vitest';
import { instantiate, startCompiling, type KernelFile } from '../../../src/backends/wasm/kernels.ts';
import { detectFeatures } from '../../../src/platform/features.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { attentionCases } from '../../cases/attention.ts';
import { allowRelaxedBuild, kernels, nodeHost, runCase } from './support.ts';

beforeAll(allowRelaxedBuild);

test('the relaxed build is chosen where its dot product takes eight bits', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = instantiate(await startCompiling({ kernels, build: 'relaxed', shared: true })([]), memory);
  const eightBits = exports['probe_dot']!() >= 2; // see assembly/lib/dot_kind.ts
  expect(detectFeatures()).toEqual({ build: eightBits ? 'relaxed' : 'simd', sharedMemory: true });
});

test.each([
  [['f32', 'q4_0', 'q6_k'], ['simd']],
  [
    ['q4_0', 'q5_1'],
    ['simd', 'simd.more'],
  ],
])('weights of %j load %j, and run with the kernels of their types', async (names, files) => {
  const loaded: string[] = [];
  const read = (file: KernelFile) => (loaded.push(file), kernels(file));
  const weights = names.map((name) => ({ name, quant: quantByName.get(name)!, shape: [16, 256] }));
  const modules = await startCompiling({ kernels: read, build: 'simd', shared: true })(weights);
  expect(loaded).toEqual(files);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports, kernelIndex } = instantiate(modules, memory);
  const table = new Set<number>();
  for (const name of Object.keys(exports)) table.add(kernelIndex(name)!);
  expect(table.size).toBe(Object.keys(exports).length);
  for (const name of names) expect(kernelIndex(`matmul_${name}`)).toBeGreaterThan(0);
});

test('where there is no SharedArrayBuffer, one thread gives the same bits', async () => {
  const alone = nodeHost({ features: { build: 'simd', sharedMemory: false } });
  for (const opCase of attentionCases.odd.filter(({ nTokens }) => nTokens > 8).slice(0, 6)) {
    const plain = await runCase(opCase, { build: 'simd' });
    expect(await runCase(opCase, { host: alone, threads: 4 })).toEqual(plain);
  }
});
