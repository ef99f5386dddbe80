import { beforeAll, expect, test } from 'vitest';
import { instantiate, startCompiling } from '../../../src/backends/wasm/kernels.ts';
import { detectFeatures } from '../../../src/platform/features.ts';
import { attentionCases } from '../../cases/attention.ts';
import { allowRelaxedBuild, kernels, nodeHost, runCase } from './support.ts';

beforeAll(allowRelaxedBuild);

test('the relaxed build is chosen where its dot product takes eight bits', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = instantiate(await startCompiling({ kernels, build: 'relaxed', shared: true })([]), memory);
  const eightBits = exports['probe_dot']!() >= 2; // see assembly/lib/dot_kind.ts
  expect(detectFeatures()).toEqual({ build: eightBits ? 'relaxed' : 'simd', sharedMemory: true });
});

test('where there is no SharedArrayBuffer, one thread gives the same bits', async () => {
  const alone = nodeHost({ features: { build: 'simd', sharedMemory: false } });
  for (const opCase of attentionCases.odd.filter(({ nTokens }) => nTokens > 8).slice(0, 6)) {
    const plain = await runCase(opCase, { build: 'simd' });
    expect(await runCase(opCase, { host: alone, threads: 4 })).toEqual(plain);
  }
});
