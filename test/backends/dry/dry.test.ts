import { describe, expect, test } from 'vitest';
import { costsOf, memoryOf } from '../../../src/backends/dry/dry.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { weight } from '../../../src/graph/graph.ts';
import { kvCache, type KvType } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { GRID_BYTES } from '../../../src/backends/wasm/words.ts';
import { quantByName } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import { kernels, nodeHost } from '../wasm/support.ts';

const table = weight({ name: 'table', quant: quantByName.get('q8_0')!, shape: [1000, 64] });
const norm = weight({ name: 'norm', quant: quantByName.get('f32')!, shape: [64] });

function graphOf(nCtx: number, { window, kvType = 'f16' }: { window?: number; kvType?: KvType } = {}) {
  const g = new Recorder({ nCtx, maxTokens: 8, maxLogits: 1 });
  const cache = kvCache(0, { nKvHeads: 2, headDim: 32, window }, { ...g.limits, kvType });
  const x = g.rmsNorm(g.embed(table), norm, 1e-5);
  const a = g.attention(x, x, x, cache, { headDim: 32, scale: 0.25 });
  return g.finish(g.matmul(table, g.lastRows(a)));
}

/** The caches of Gemma 3 1B: 26 layers, one head of 256 columns, and all but each sixth see 512 positions. */
function gemmaOf(nCtx: number) {
  const g = new Recorder({ nCtx, maxTokens: 128, maxLogits: 1 });
  let x = g.embed(weight({ name: 'table', quant: quantByName.get('q8_0')!, shape: [100, 256] }));
  for (let l = 0; l < 26; l++) {
    const window = l % 6 === 5 ? undefined : 512;
    const cache = kvCache(l, { nKvHeads: 1, headDim: 256, window }, { ...g.limits, kvType: 'f16' });
    x = g.attention(x, x, x, cache, { headDim: 256, scale: 1 });
  }
  return g.finish(g.lastRows(x));
}

describe('memoryOf', () => {
  test('is what the backend takes, to the page', async () => {
    let pages = 0;
    const Memory = WebAssembly.Memory;
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        pages = Math.max(pages, descriptor.maximum!);
      }
    };
    try {
      const needs = { weights: [table, norm], graph: graphOf(3000), maxSessions: 3, threads: 2 };
      const backend = await createWasmBackend({ ...needs, host: nodeHost() });
      await backend.dispose();
      const { maximumBytes } = await memoryOf({ ...needs, kernels, build: 'simd' });
      expect(Math.ceil(maximumBytes / 65536)).toBe(pages);
    } finally {
      WebAssembly.Memory = Memory;
    }
  });

  test('counts grids once where weights are packed out of them', async () => {
    const { grids, ...others } = quantByName.get('iq3_s')!;
    const bytesWith = async (quant: QuantType): Promise<number> => {
      const weights = ['a', 'b'].map((name) => weight({ name, quant, shape: [64, 256] }));
      const g = new Recorder({ nCtx: 8, maxTokens: 8, maxLogits: 1 });
      const graph = g.finish(g.matmul(weights[1]!, g.lastRows(g.embed(weights[0]!))));
      return (await memoryOf({ weights, graph, maxSessions: 1, threads: 1, kernels, build: 'simd' })).maximumBytes;
    };
    expect((await bytesWith({ ...others, grids })) - (await bytesWith(others))).toBe(GRID_BYTES);
  });

  test('grows by the cache with the context and with sessions, and answers for models that fit nowhere', async () => {
    const needs = { weights: [table, norm], graph: graphOf(1 << 20), maxSessions: 1, threads: 1 };
    const one = await memoryOf({ ...needs, kernels, build: 'simd' });
    expect(one.stateBytes).toBe(2 * 64 * 2 * 2 ** 20);
    const levels = { ...needs, graph: graphOf(1 << 20, { kvType: 'q8_0' }) };
    expect((await memoryOf({ ...levels, kernels, build: 'simd' })).stateBytes).toBe((2 * 64 * 36 * 2 ** 20) / 32);
    const many = await memoryOf({ ...needs, maxSessions: 100, kernels, build: 'simd' });
    expect(many.maximumBytes - one.maximumBytes).toBeGreaterThanOrEqual(99 * one.stateBytes);
  });

  test('does not wrap around at 4 GiB', async () => {
    const bytes = async (nCtx: number, kvType: KvType) =>
      memoryOf({
        ...{ weights: [table, norm], graph: graphOf(nCtx, { kvType }), maxSessions: 1, threads: 1 },
        kernels,
        build: 'simd',
      });
    for (const kvType of ['f16', 'f32', 'q8_0'] as const) {
      const [small, large] = [await bytes(2 ** 16, kvType), await bytes(2 ** 24, kvType)];
      expect(large.stateBytes).toBe(256 * small.stateBytes);
      expect(large.activationBytes).toBeGreaterThan(100 * small.activationBytes); // parts of attention's splits
    }
    const opening = createWasmBackend({
      ...{ weights: [table, norm], graph: graphOf(2 ** 24, { kvType: 'f32' }), maxSessions: 1, threads: 1 },
      host: nodeHost(),
    });
    await expect(opening).rejects.toThrow(/WebAssembly has at most 4 GiB/);
  });

  test('keeps a window, not the context, for layers that see no more', async () => {
    const mib = async (nCtx: number) => {
      const graph = gemmaOf(nCtx);
      const { stateBytes } = await memoryOf({
        ...{ weights: [], graph, maxSessions: 1, threads: 1 },
        kernels,
        build: 'simd',
      });
      return stateBytes / 2 ** 20;
    };
    // four layers of all positions; 22 of 512 and the 128 that one step writes: 13.75 MiB. Without rings 104 and 832 MiB
    expect(await mib(4096)).toBe(16 + 13.75);
    expect(await mib(32768)).toBe(128 + 13.75);
  });
});

test('costsOf counts a step by hand-checked numbers', () => {
  const step = { tokens: new Int32Array(2), pos: 10, nLogits: 1 };
  const costs = costsOf(graphOf(100), step).map(({ node, flops, bytes }) => [node.op.name, flops, bytes]);
  expect(costs).toEqual([
    ['embed', 0, 2 * 64 * 4 + 2 * 2 * 34],
    ['rms_norm', 2 * 64 * 4, 2 * (2 * 64 * 4) + 64 * 4],
    ['kv_store', 0, 2 * 64 * (4 + 2)],
    ['kv_store', 0, 2 * 64 * (4 + 2)],
    ['attention', 4 * 64 * (11 + 12), 2 * (2 * 64 * 4) + 2 * 12 * 64 * 2],
    ['last_rows', 0, 2 * 64 * 4],
    ['matmul', 2 * 64 * 1000, 4 * 1000 + 1000 * 2 * 34 + 64 * 4],
  ]);
  const windowed = costsOf(graphOf(100, { window: 5 }), step).find(({ node }) => node.op.name === 'attention')!;
  expect([windowed.flops, windowed.bytes]).toEqual([4 * 64 * (5 + 5), 2 * (2 * 64 * 4) + 2 * 6 * 64 * 2]);
});
