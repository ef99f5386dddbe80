import { describe, expect, it } from 'vitest';
import type { ReadTensor } from '../../../src/backends/backend.ts';
import { checkSupported } from '../../../src/backends/webgpu/lower.ts';
import { timed } from '../../../src/backends/webgpu/timed.ts';
import { createWebgpuBackend, type WebgpuOptions } from '../../../src/backends/webgpu/webgpu.ts';
import { FormatError, ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import { weight, type Graph } from '../../../src/graph/graph.ts';
import { kvCache } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import type { Notes } from '../../../src/platform/notes.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { bytesOf, scarce, watched } from '../../helpers/watched_gpu.ts';
import { randomFile } from '../../kernels/weights.ts';
import { readFrom } from '../case_runner.ts';

/** Devices that are lost, or do not do what they are told: nothing hangs, nothing is blamed on a kernel, nothing is taken for a result. */

const { gpu, absent } = await findDawn();

const f16 = quantByName.get('f16')!;
const limits = { nCtx: 64, maxTokens: 32, maxLogits: 2 };
const table = weight({ name: 'table', quant: f16, shape: [50, 96] });
const weights = [table];
const read = readFrom(new Map([['table', randomFile(f16, 50, 96, 1)]]));
const cache = kvCache(0, { nKvHeads: 3, headDim: 32 }, { ...limits, kvType: 'f16' });

function smallGraph(): Graph {
  const g = new Recorder(limits);
  const x = g.embed(table);
  return g.finish(g.matmul(table, g.lastRows(g.attention(x, x, x, cache, { headDim: 32, scale: 0.2 }))));
}

const lost = /^the GPU cannot go on, it was lost: .*opens the model again/s;
const gone = async (work: Promise<unknown>): Promise<void> => {
  await expect(work).rejects.toThrow(ResourceError);
  await expect(work).rejects.toThrow(lost);
};

async function open(options: Partial<WebgpuOptions> = {}, from: GPU = gpu!) {
  const counted = watched(from);
  const graph = smallGraph();
  const backend = await createWebgpuBackend({ gpu: counted.gpu, weights, graph, ...options });
  return { backend, graph, counted, device: counted.devices[0]! };
}

const stepAt = (pos: number) => ({ tokens: Int32Array.of(3), pos, nLogits: 1 });

/** A model that was loaded, and a session in it. */
async function loaded(from?: GPU) {
  const opened = await open({ checks: false }, from);
  await opened.backend.upload(weights, { read });
  const program = opened.backend.prepare(opened.graph);
  await program.run(stepAt(0));
  return { ...opened, program };
}

it('passes that take no time are no measurement', async () => {
  let most = 0;
  await expect(timed(async (n) => ((most = Math.max(most, n)), 0))).rejects.toThrow(/^it takes no time/);
  expect(most).toBeLessThanOrEqual(1 << 14);
});

it('a matrix of a type that no kernel reads is refused by its name', () => {
  const rare = weight({ name: 'blk.0.rare', quant: quantByName.get('iq3_s')!, shape: [256, 256] });
  const g = new Recorder(limits);
  const graph = g.finish(g.embed(rare));
  expect(() => checkSupported(graph)).toThrow(UnsupportedError);
  expect(() => checkSupported(graph)).toThrow(
    "blk.0.rare is iq3_s, which no GPU kernel reads; open the model with backend: 'wasm'",
  );
  expect(() => checkSupported(smallGraph())).not.toThrow();
});

describe.skipIf(absent)('a device that is lost', () => {
  it.each([1, 9])('while candidates are timed ends the opening, and notes nothing: at fence %d', async (nth) => {
    const written: unknown[] = [];
    const notes: Notes = { read: async () => undefined, write: async (_, value) => void written.push(value) };
    const { backend, device } = await open({ isTuned: true, notes });
    const fence = device.queue.onSubmittedWorkDone.bind(device.queue);
    let n = 0;
    let isTuning = false;
    device.queue.onSubmittedWorkDone = () => {
      if (isTuning && ++n === nth) device.destroy();
      return fence();
    };
    const readAgain: ReadTensor = (...asked) => ((isTuning = true), read(...asked));
    await gone(backend.upload(weights, { read, readAgain }));
    expect(n).toBe(nth);
    expect(written).toEqual([]);
    backend.dispose();
  });

  it('while kernels are checked is no kernel that is wrong', async () => {
    const { backend, device } = await open({ isTuned: false });
    const readAgain: ReadTensor = (...asked) => (device.destroy(), read(...asked));
    await gone(backend.upload(weights, { read, readAgain }));
    backend.dispose();
  });

  it('is what whoever reads is told', async () => {
    const { backend, device, program } = await loaded();
    device.destroy();
    await device.lost;
    await gone(program.readState(cache.k, 0, 1));
    await gone(program.writeState(cache.k, 0, new Uint8Array(192)));
    await gone(program.run(stepAt(1)));
    backend.dispose();
  });

  it('leaves no promise behind that nobody looks at', async () => {
    const { backend, device } = await open({ checks: false });
    device.queue.onSubmittedWorkDone = async () => Promise.reject(new Error('lost'));
    const damaged = randomFile(f16, 50, 96, 1);
    new DataView(damaged.buffer).setUint16(0, 0x7e00, true);
    await expect(backend.upload(weights, { read: readFrom(new Map([['table', damaged]])) })).rejects.toThrow(
      FormatError,
    );
    const other = await open({ checks: false });
    other.device.popErrorScope = async () => Promise.reject(new Error('lost'));
    other.device.createBuffer = () => {
      throw new Error('no buffer');
    };
    await expect(other.backend.upload(weights, { read })).rejects.toThrow('no buffer');
    await new Promise((resolve) => setTimeout(resolve, 20)); // an unhandled rejection fails the run
    backend.dispose();
    other.backend.dispose();
  });
});

describe.skipIf(absent)('a device with a fault', () => {
  it('gives out no states, which may not have been written', async () => {
    const { backend, device, program } = await loaded();
    device.createBuffer({ size: 16, usage: 0xffff }); // refused
    await expect.poll(() => backend.isDead).toBe(true);
    await expect(program.readState(cache.k, 0, 1)).rejects.toThrow(/^the GPU cannot go on, it refused a command/);
    backend.dispose();
  });

  it('that left a step out hands out no numbers of the step before', async () => {
    const { backend, device, program } = await loaded();
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = () => submit([]);
    await expect(program.run(stepAt(1))).rejects.toThrow(
      /^the GPU did not run a step: what came back is of an earlier/,
    );
    device.queue.submit = submit;
    await program.run(stepAt(1));
    backend.dispose();
  });

  it('keeps no memory for a copy of states that it has no room for', async () => {
    const { backend, counted, program } = await loaded(scarce(gpu!, 120_000));
    const before = bytesOf(counted);
    const copy = program.copyOf(new Array<typeof cache.k>(40).fill(cache.k));
    await expect(copy.take()).rejects.toThrow(/no room for a copy of states/);
    expect(bytesOf(counted)).toBe(before);
    backend.dispose();
  });
});
