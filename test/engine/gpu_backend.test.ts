import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { wgsl } from '#wgsl';
import { addRow, emptyDifference } from '../../bench/lib/rows_difference.ts';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import { forgetSources } from '../../src/backends/webgpu/sources.ts';
import { createFaster } from '../../src/engine/auto_gpu.ts';
import type { BackendFactory, BackendPlan } from '../../src/engine/backend_plan.ts';
import { createGpuBackend, type GpuSurroundings } from '../../src/engine/gpu_backend.ts';
import { findDawn } from '../helpers/dawn.ts';
import { allLogits, openBytes, reference } from '../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import { scarce, watched } from '../helpers/watched_gpu.ts';
import { nodeHost } from '../backends/wasm/support.ts';

const { gpu, absent } = await findDawn();
const bytes = tinyModel('llama-chat');
const opening = { nCtx: 64, maxLogits: 8, maxSessions: 1 };

const wasm: BackendFactory = ({ options: { activations }, ...plan }: BackendPlan) =>
  createWasmBackend({ ...plan, activations, threads: 1, maxSessions: 1, host: nodeHost() });

const around = (given: GPU): GpuSurroundings => ({ given, maxSessions: 1, wasm });

/** The largest divergence from plain loops of the model's logits, in nats. */
async function divergence(model: Awaited<ReturnType<typeof openBytes>>): Promise<number> {
  const wanted = await allLogits(await openBytes(bytes, opening, reference), tinyPrompt);
  const total = emptyDifference();
  (await allLogits(model, tinyPrompt)).forEach((row, i) => addRow(total, row, wanted[i]!, 0));
  return Math.max(...total.kl);
}

/** Software compiles kernels for seconds, on a busy machine for a minute; a test that opens a model four times does so as often. */
const timeout = 900_000;

describe.skipIf(absent)('a model too large for the GPU', { timeout }, () => {
  const openOn = (given: GPU, gpuBytes?: number) =>
    openBytes(bytes, { ...opening, backend: 'webgpu', gpuBytes }, (plan) => createGpuBackend(plan, around(given)));

  it('has its last layers there, as many as gpuBytes allows, and the others on WebAssembly', async () => {
    const whole = await openOn(gpu!);
    expect(whole.info).toMatchObject({ backend: 'webgpu', gpu: { isFallback: true } });
    await whole.close();
    for (const gpuBytes of [200_000, 400_000]) {
      const model = await openOn(gpu!, gpuBytes);
      expect(model.info.backend).toMatch(/^wasm-\w+ and webgpu$/);
      expect(model.info.gpu!.checks.map(({ refused }) => refused)).not.toContain(expect.any(String));
      expect(await divergence(model)).toBeLessThan(1e-4);
      await model.close();
    }
  });

  it('is split where the GPU has no room for it, before anything is read', async () => {
    const { gpu: counted, buffers } = watched(scarce(gpu!, 300_000));
    const model = await openOn(counted);
    expect(model.info.backend).toMatch(/^wasm-\w+ and webgpu$/);
    expect(await divergence(model)).toBeLessThan(1e-4);
    await model.close();
    expect(buffers.size).toBe(0);
  });

  it('is refused where there is no room for a matrix', async () => {
    await expect(openOn(gpu!, 1000)).rejects.toThrow(
      /^the model's last matrix takes more than the 1,000 bytes .*; give more gpuBytes \(all of it takes [\d,]+\)/,
    );
    await expect(openOn(scarce(gpu!, 1000))).rejects.toThrow(/^the GPU has no room for the weights/);
    await expect(openOn(gpu!, 0)).rejects.toThrow(/gpuBytes is 0, expected a whole number of at least 1/);
  });
});

describe.skipIf(absent)('backend auto', { timeout }, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'thimble-notes-'));
    process.env['XDG_CACHE_HOME'] = folder; // the notes of Linux
    return () => rmSync(folder, { recursive: true });
  });

  const openFaster = (given: GPU) => openBytes(bytes, opening, (plan) => createFaster(plan, around(given)));

  /** The note of what a turn takes; the choice of kernels has notes, too. */
  function noteFile(): string {
    const notes = join(folder, 'thimble/notes');
    const files = readdirSync(notes).map((name) => join(notes, name));
    return files.find((file) => readFileSync(file, 'utf8').includes('"name": "turn '))!;
  }
  const readNote = () => JSON.parse(readFileSync(noteFile(), 'utf8')) as { value: { gpu: number; wasm: number } };
  const writeNote = (value: unknown): void =>
    writeFileSync(noteFile(), JSON.stringify({ ...readNote(), value }, undefined, 2));

  it('never takes software for a GPU', async () => {
    const model = await openFaster(gpu!);
    expect(model.info).toMatchObject({ backend: expect.stringMatching(/^wasm-/) as string, gpu: undefined });
    expect(model.info.noGpu).toMatch(/^the GPU here is software: \S/);
    await model.close();
  });

  it.skipIf(process.platform !== 'linux')('measures both once, and takes the faster one', async () => {
    const { gpu: counted, devices } = watched(disguised(gpu!));
    const first = await openFaster(counted);
    const { value } = readNote();
    expect(value).toEqual({ gpu: expect.any(Number) as number, wasm: expect.any(Number) as number });
    expect(Math.min(value.gpu, value.wasm)).toBeGreaterThan(0);
    expect(first.info.backend === 'webgpu').toBe(value.gpu < value.wasm);
    await first.close();

    writeNote({ gpu: 1, wasm: 2 });
    const nBefore = devices.length;
    const onGpu = await openFaster(counted);
    expect(onGpu.info).toMatchObject({ backend: 'webgpu', noGpu: undefined });
    expect(devices.length).toBe(nBefore + 1);
    expect(await divergence(onGpu)).toBeLessThan(1e-4);
    await onGpu.close();

    writeNote({ gpu: 2, wasm: 1 });
    const onWasm = await openFaster(counted);
    expect(onWasm.info.backend).toMatch(/^wasm-/);
    expect(onWasm.info.noGpu).toMatch(
      /^for 200 tokens read and 100 made the GPU \(.*\) takes 2\.0 s, the processor 1\.0 s$/,
    );
    expect(devices.length).toBe(nBefore + 1);
    await onWasm.close();

    writeNote('nonsense');
    await (await openFaster(counted)).close();
    expect(readNote().value).toEqual({ gpu: expect.any(Number) as number, wasm: expect.any(Number) as number });
  });

  it.skipIf(process.platform !== 'linux')(
    'takes WebAssembly where a kernel is wrong, whatever was measured',
    async () => {
      const sources = wgsl as Record<string, string>;
      const whole = sources['rms_norm']!;
      sources['rms_norm'] = whole.replace(/(\bout\[[^\n]*?\] = )([^;]*);/, '$1($2) * 1.01;');
      expect(sources['rms_norm']).not.toBe(whole);
      forgetSources();
      const counted = watched(disguised(gpu!));
      try {
        const why = /^the kernel rms_norm cannot be used on a GPU: its numbers are wrong by/;
        await (await openFaster(counted.gpu)).close();
        expect(readNote().value).toEqual({ refused: expect.stringMatching(why) as string });
        const nDevices = counted.devices.length;
        const noted = await openFaster(counted.gpu);
        expect(noted.info.noGpu).toMatch(why);
        expect(counted.devices.length).toBe(nDevices);
        await noted.close();

        writeNote({ gpu: 1, wasm: 2 });
        const model = await openFaster(counted.gpu);
        expect(model.info).toMatchObject({ backend: expect.stringMatching(/^wasm-/) as string, gpu: undefined });
        expect(model.info.noGpu).toMatch(why);
        expect(counted.buffers.size).toBe(0);
        expect(await divergence(model)).toBeLessThan(1e-4);
        await model.close();
      } finally {
        sources['rms_norm'] = whole;
        forgetSources();
      }
    },
  );

  it('stops while it measures where the opening is aborted, and notes nothing', async () => {
    const stopped = new AbortController();
    const real = watched(disguised(gpu!));
    let nAsked = 0;
    const requestAdapter: GPU['requestAdapter'] = (options) => {
      if (nAsked++ > 0) stopped.abort(); // the first one is asked what it is, the second one is measured
      return real.gpu.requestAdapter(options);
    };
    const surroundings = {
      ...around({ requestAdapter } as GPU),
      wasm: () => Promise.reject(new Error('not asked for')),
    };
    const model = openBytes(bytes, opening, (plan) => createFaster({ ...plan, signal: stopped.signal }, surroundings));
    await expect(model).rejects.toMatchObject({ name: 'AbortError' });
    expect([nAsked, real.buffers.size, existsSync(join(folder, 'thimble'))]).toEqual([2, 0, false]);
  });

  it('takes no GPU for a model that may not be in memory, unless it says how much of the GPU that may take', async () => {
    const { gpu: counted, devices } = watched(disguised(gpu!));
    const options = { ...opening, memory: 100_000 };
    const model = await openBytes(bytes, options, (plan) => createFaster(plan, around(counted)));
    expect(model.info.noGpu).toMatch(
      /^the model takes [\d.]+ KiB, memory allows 97\.7 KiB, and a GPU's memory may be the same; say how much .*: gpuBytes$/,
    );
    expect(devices).toHaveLength(0);
    await model.close();
  });

  it('says why there is no GPU, without advice that was taken', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    const model = await openFaster(none);
    expect(model.info.noGpu).toMatch(/^WebGPU finds no GPU here \(.*\)$/);
    await model.close();
  });

  it('takes WebAssembly where the GPU fails', async () => {
    const failing = { requestAdapter: () => Promise.reject(new Error('no driver')) } as unknown as GPU;
    const model = await openFaster(failing);
    expect(model.info).toMatchObject({ backend: expect.stringMatching(/^wasm-/) as string, noGpu: 'no driver' });
    await model.close();
  });
});

/** A software GPU that says it is none, without features: candidates for its kernels are timed, and there are few. */
function disguised(real: GPU): GPU {
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = (await real.requestAdapter(options))!;
    const { limits } = adapter;
    const info = { vendor: 'test', architecture: '', device: '', description: 'a GPU', isFallbackAdapter: false };
    const requestDevice = (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor);
    return { info, features: new Set(), limits, requestDevice } as unknown as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}
