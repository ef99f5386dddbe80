import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fitOf } from '../../src/engine/fit.ts';
import { tellFiles } from '../../src/engine/files.ts';
import { openModelFile } from '../../src/platform/model_file.ts';
import type { FitOptions } from '../../src/protocol/fit.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const dist = (name: string): string => new URL(`../../dist/${name}`, import.meta.url).href;
const kernels = ['simd', 'simd.more', 'relaxed', 'relaxed.more'].map((name) => [
  `thimble.${name}`,
  dist(`thimble.${name}.wasm`),
]);
beforeAll(() => tellFiles(Object.fromEntries(kernels)));

const path = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'tiny.gguf');
writeFileSync(path, tinyModel('llama'));

const KIB = 1024;

/** The verdict on the tiny model where so much is allowed. */
async function fitWithin(allowedBytes: number | undefined, options: FitOptions = {}) {
  const file = await openModelFile(path);
  const device = { allowedBytes, said: 'that there is' };
  const fit = await fitOf(file, { options: { threads: 1, ...options }, device, speed: undefined });
  await Promise.all(file.sources.map((source) => source.close?.()));
  return fit;
}

/** What it takes in all. */
const taken = async (options: FitOptions = {}): Promise<number> => {
  const { needs } = await fitWithin(undefined, options);
  return needs.totalBytes + needs.scriptBytes;
};

describe('whether a model fits', () => {
  test('is told by what the device allows, to the byte', async () => {
    const bytes = await taken();
    const verdict = async (allowed: number) => (await fitWithin(allowed)).verdict;
    expect(await verdict(2 * bytes)).toBe('fits');
    expect(await verdict(bytes)).toBe('tight');
    expect(await verdict(bytes - 1)).toBe('no');
  });

  test('counts the same bytes as openModel, with as many sessions', async () => {
    const { needs } = await fitWithin(undefined, { nCtx: 512 });
    const { needs: one } = await fitWithin(undefined, { nCtx: 512, maxSessions: 1 });
    expect(needs.kvBytes).toBe(4 * one.kvBytes);
    expect(needs.totalBytes).toBe(needs.weightBytes + needs.kvBytes + needs.workBytes);
  });

  test('says why in words', async () => {
    const allowed = 50e6;
    expect((await fitWithin(allowed, { nCtx: 2 ** 20 })).reason).toMatch(
      /^1,048,576 positions need [\d.]+ [MG]iB, more than the 47.7 MiB that there is$/,
    );
  });

  test('names options with which it fits, and a context that really does', async () => {
    const allowed = (await taken({ nCtx: 4096, maxSessions: 1 })) + 100 * KIB;
    const fit = await fitWithin(allowed, { nCtx: 2 ** 20 });
    expect(fit.verdict).toBe('no');
    const [options] = fit.remedies.map((remedy) => remedy.options);
    expect(options?.nCtx).toBeGreaterThan(0);
    expect((await fitWithin(allowed, { nCtx: 2 ** 20, ...options })).verdict).not.toBe('no');
    const { largestNCtx } = fit;
    expect((await fitWithin(allowed, { nCtx: largestNCtx })).verdict).not.toBe('no');
    expect((await fitWithin(allowed, { nCtx: largestNCtx + 128 })).verdict).toBe('no');
  });
});
