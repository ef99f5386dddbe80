import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pagedText } from '../../apps/cli/inspect/fit.ts';
import { fitOf } from '../../src/engine/fit.ts';
import { tellFiles } from '../../src/engine/files.ts';
import { openModelFile } from '../../src/platform/model_file.ts';
import { SPEED_VERSION, type DeviceSpeed, type FitOptions } from '../../src/protocol/fit.ts';
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
async function fitWithin(allowedBytes: number | undefined, options: FitOptions = {}, speed?: DeviceSpeed) {
  const file = await openModelFile(path);
  const device = { allowedBytes, said: 'that there is' };
  const fit = await fitOf(file, { options: { threads: 1, ...options }, device, speed });
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

describe('a model that does not fit', () => {
  /** A machine that computes a token in nearly no time but for 10 ms beside. */
  const speed: DeviceSpeed = {
    version: SPEED_VERSION,
    build: 'simd',
    threads: 1,
    matVec: { f16: { bytesPerSecond: 1e15, rowSeconds: 0 }, q4_k: { bytesPerSecond: 1e15, rowSeconds: 0 } },
    step: {
      phaseSeconds: 0,
      rowBytesPerSecond: 1e15,
      attentionFlopsPerSecond: 1e15,
      tokenSeconds: 0.01,
      pieceSeconds: 0,
    },
    tookMs: 1,
  };
  const options = { maxSessions: 1, nCtx: 128 };
  const tooLittle = async () => {
    const { needs } = await fitWithin(undefined, options);
    return 40e6 + 150 * 272 + 0.95 * needs.totalBytes;
  };

  test('runs in less memory, as fast as storage and computing together allow', async () => {
    const allowed = await tooLittle();
    const { verdict, paged, needs } = await fitWithin(allowed, options, speed);
    expect(verdict).toBe('no');
    expect(paged!.memoryBytes).toBeLessThan(needs.totalBytes);
    expect(paged!.storageBytesPerSecond).toBe(1e9);
    expect(paged!.countsComputing).toBe(true);
    expect(1 / paged!.tokensPerSecond).toBeCloseTo(0.01 + paged!.bytesPerToken / 1e9, 6);
    const unmeasured = (await fitWithin(allowed, options)).paged!;
    expect(unmeasured.countsComputing).toBe(false);
    expect(unmeasured.tokensPerSecond).toBeCloseTo(1e9 / paged!.bytesPerToken, 6);
    expect((await fitWithin(2 * allowed, options)).paged).toBeUndefined();
  });

  test('is told so by inspect, in a row', async () => {
    const fit = await fitWithin(await tooLittle(), options);
    const row = (more: Partial<NonNullable<typeof fit.paged>>): string =>
      pagedText({
        ...fit,
        needs: { ...fit.needs, totalBytes: 13.1 * 2 ** 30 },
        paged: {
          ...fit.paged!,
          memoryBytes: 5 * 2 ** 30,
          bytesPerToken: 1.25 * 2 ** 30,
          tokensPerSecond: 0.7451,
          ...more,
        },
      });
    expect(row({})).toBe(
      'needs 13.1 GiB to be resident, would run in 5.0 GiB (--memory auto) at about 0.75 tokens/s on storage of 1 GB/s: up to 1.3 GiB read for each, and computing, which --speed measures',
    );
    expect(row({ countsComputing: true, storageBytesPerSecond: 2.5e9 })).toMatch(
      / 0\.75 tokens\/s on storage of 2\.5 GB\/s: up to 1\.3 GiB read for each$/,
    );
    expect(pagedText({ ...fit, paged: undefined })).toBe('');
  });
});
