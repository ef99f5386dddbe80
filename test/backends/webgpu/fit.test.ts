import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { fitOf } from '../../../src/engine/fit.ts';
import { tellFiles } from '../../../src/engine/files.ts';
import { openGguf } from '../../../src/gguf/open.ts';
import type { DeviceMemory } from '../../../src/platform/platform.ts';
import type { FitOptions } from '../../../src/protocol/fit.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { memorySource } from '../../helpers/gguf_bytes.ts';
import { openBytes } from '../../helpers/open.ts';
import { tinyModel } from '../../helpers/tiny_models.ts';
import { bytesOf, scarce, watched } from '../../helpers/watched_gpu.ts';

const { gpu, absent } = await findDawn();
const untold: DeviceMemory = { allowedBytes: undefined, said: '' };
const kernels = ['simd', 'simd.more', 'relaxed', 'relaxed.more'].map((name) => `thimble.${name}`);

beforeAll(() =>
  tellFiles(
    Object.fromEntries(kernels.map((name) => [name, new URL(`../../../dist/${name}.wasm`, import.meta.url).href])),
  ),
);
afterEach(() => vi.unstubAllGlobals());

async function fitOn(
  found: GPU,
  name: string,
  { device = untold, ...options }: FitOptions & { device?: DeviceMemory },
) {
  vi.stubGlobal('navigator', { gpu: found });
  const openSibling = () => Promise.reject(new Error('one file only'));
  const file = await openGguf(memorySource(tinyModel(name)), { openSibling });
  return (await fitOf(file, { options: { threads: 1, ...options }, device, speed: undefined })).gpu;
}

describe.skipIf(absent)('what lies on a GPU', () => {
  it.each(['llama-q4_k_m', 'mixtral', 'gemma3n'])(
    'is told to the byte, and nothing is made there: %s',
    async (name) => {
      const kvType = name === 'llama-q4_k_m' ? 'q8_0' : 'f16'; // its heads are whole blocks
      const options = { nCtx: 96, kvType, maxSessions: 3 } as const;
      const real = watched(gpu!);
      const fit = await fitOn(real.gpu, name, { ...options, backend: 'webgpu' });
      expect([real.devices.length, fit!.refused]).toEqual([0, undefined]);
      const model = await openBytes(tinyModel(name), options, ({ weights, graph }) =>
        createWebgpuBackend({ gpu: real.gpu, weights, graph, checks: false }),
      );
      const weightBytes = bytesOf(real);
      for (let i = 0; i < options.maxSessions; i++) await model.openSession().room;
      expect(fit!.needs).toEqual({ weightBytes, sessionBytes: bytesOf(real) - weightBytes, totalBytes: bytesOf(real) });
      expect(fit!.reason).toMatch(
        /^[\d.]+ [KM]iB on the GPU \(weights [\d.]+ [KM]iB \+ sessions [\d.]+ [KM]iB\); how much memory it has, .* WebGPU does not tell$/,
      );
      await model.close();
    },
  );

  it('counts among what a page may take where it does, and may be more than that', async () => {
    const device = { allowedBytes: 4e6, said: 'that a page on iOS should take', countsGpu: true };
    const fit = (nCtx: number) => fitOn(gpu!, 'llama', { nCtx, backend: 'webgpu', device });
    expect((await fit(64))!.reason).toMatch(
      /^[\d.]+ KiB on the GPU \(.*\), of the 3\.8 MiB that a page on iOS should take$/,
    );
    const much = (await fit(8192))!;
    expect(much.refused).toMatch(/\), more than the 3\.8 MiB that a page on iOS should take$/);
    expect([much.reason, much.needs!.totalBytes > 4e6]).toEqual([much.refused, true]);
  });

  it('is nothing where the model would be refused', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    expect(await fitOn(none, 'llama', { backend: 'webgpu' })).toMatchObject({
      name: undefined,
      refused: expect.stringMatching(/^WebGPU finds no GPU here/) as string,
    });
    const rare = await fitOn(gpu!, 'llama-iq3_s', { backend: 'webgpu' });
    expect(rare).toMatchObject({ name: expect.any(String) as string, needs: undefined });
    expect(rare!.refused).toMatch(/iq3_s, which no GPU kernel reads/);
    expect((await fitOn(gpu!, 'llama', { backend: 'auto' }))!.refused).toMatch(/^the GPU here is software: \S/);
    expect(await fitOn(scarce(gpu!, 0), 'llama', {})).toBeUndefined();
  });
});
