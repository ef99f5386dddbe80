import { beforeAll, describe, expect, test } from 'vitest';
import { compileKernels, instantiate } from '../../../src/backends/wasm/kernels.ts';
import type { WasmHost } from '../../../src/backends/wasm/wasm.ts';
import { detectFeatures } from '../../../src/features.ts';
import { opCases } from '../../cases/index.ts';
import { allowRelaxedBuild, kernels, nodeHost, runCase } from './support.ts';

beforeAll(allowRelaxedBuild);

/** Also where it is right but not chosen. */
const relaxedHost = (): WasmHost => nodeHost({ features: { build: 'relaxed', sharedMemory: true } });

test('the relaxed build is chosen where its dot product takes eight bits', async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = instantiate(await compileKernels(await kernels('relaxed'), true), memory);
  const eightBits = exports['probe_dot']!() >= 2; // see assembly/lib/dot_kind.ts
  expect(detectFeatures()).toEqual({ build: eightBits ? 'relaxed' : 'simd', sharedMemory: true });
});

describe('the same bits come from the plain build and', () => {
  for (const opCase of opCases) {
    test(`the relaxed one: ${opCase.op.name}, ${opCase.name}`, async () => {
      const plain = await runCase(opCase, { build: 'simd' });
      expect(await runCase(opCase, { build: 'relaxed', host: relaxedHost() })).toEqual(plain);
    });
  }

  // Cases with many items; pools take a while to start.
  const large = opCases.filter(({ nTokens, pos = 0 }) => nTokens > 8 || pos > 500);
  for (const opCase of large) {
    test(`the relaxed one on 3 threads: ${opCase.op.name}, ${opCase.name}`, async () => {
      const plain = await runCase(opCase, { build: 'simd' });
      expect(await runCase(opCase, { build: 'relaxed', host: relaxedHost(), threads: 3 })).toEqual(plain);
    });
  }

  test('one thread on an unshared memory, where there is no SharedArrayBuffer', async () => {
    const alone = nodeHost({ features: { build: 'simd', sharedMemory: false } });
    for (const opCase of large.slice(0, 6)) {
      const plain = await runCase(opCase, { build: 'simd' });
      expect(await runCase(opCase, { host: alone, threads: 4 })).toEqual(plain);
    }
  });
});
