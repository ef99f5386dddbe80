import { beforeAll, describe, expect, test } from 'vitest';
import { detectFeatures } from '../../../src/features.ts';
import { opCases } from '../../cases/index.ts';
import { allowRelaxedBuild, nodeHost, runCase } from './support.ts';

beforeAll(allowRelaxedBuild);

test('the relaxed build is the one that is chosen where it works', () => {
  expect(detectFeatures()).toEqual({ build: 'relaxed', sharedMemory: true });
});

describe('the same bits come from the plain build and', () => {
  for (const opCase of opCases) {
    test(`the relaxed one: ${opCase.op}, ${opCase.name}`, async () => {
      const plain = await runCase(opCase, { build: 'simd' });
      expect(await runCase(opCase, { build: 'relaxed' })).toEqual(plain);
    });
  }

  // Cases with many items; pools take a while to start.
  const large = opCases.filter(({ nTokens, pos = 0 }) => nTokens > 8 || pos > 500);
  for (const opCase of large) {
    test(`the relaxed one on 3 threads: ${opCase.op}, ${opCase.name}`, async () => {
      const plain = await runCase(opCase, { build: 'simd' });
      expect(await runCase(opCase, { build: 'relaxed', threads: 3 })).toEqual(plain);
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
