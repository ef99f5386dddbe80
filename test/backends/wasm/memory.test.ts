import { getHeapStatistics } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import { weight, type Graph } from '../../../src/graph/graph.ts';
import { kvCache } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { createWasmBackend, type WasmOptions } from '../../../src/backends/wasm/wasm.ts';
import { nodeHost } from './support.ts';

const dim = 64;
const q4 = quantByName.get('q4_0')!;
const table = weight({ name: 'table', quant: q4, shape: [256, dim] });
const wk = weight({ name: 'wk', quant: q4, shape: [dim, dim] });

/** One layer of attention over `nCtx` positions. */
function graphOf(nCtx: number, maxTokens = 4): Graph {
  const g = new Recorder({ nCtx, maxTokens, maxLogits: 1 });
  const cache = kvCache(0, { nKvHeads: 1, headDim: dim }, { ...g.limits, kvType: 'f16' });
  const x = g.embed(table);
  const k = g.matmul(wk, x);
  return g.finish(g.matmul(table, g.lastRows(g.attention(k, k, k, cache, { headDim: 16, scale: 0.25 }))));
}

const open = (options: Partial<WasmOptions> = {}) =>
  createWasmBackend({
    weights: [table, wk],
    graph: graphOf(4096),
    maxSessions: 2,
    threads: 1,
    host: nodeHost(),
    ...options,
  });

describe('memory', () => {
  test('that a model cannot have is a ResourceError that says how much it wanted and what to do', async () => {
    const wanted = open({ graph: graphOf(2 ** 24, 4) });
    await expect(wanted).rejects.toThrow(ResourceError);
    await expect(wanted).rejects.toThrow(/needs [\d,]{13,} bytes .*4 GiB: use a smaller nCtx/);
  });

  test('is set aside for as many sessions as were asked for, and given back by those that end', async () => {
    const backend = await open();
    const programs = [backend.prepare(graphOf(4096)), backend.prepare(graphOf(4096))];
    expect(() => backend.prepare(graphOf(4096))).toThrow(ResourceError);
    programs[0]!.dispose();
    const third = backend.prepare(graphOf(4096));
    expect(() => backend.prepare(graphOf(4096))).toThrow(/close a session/);
    third.dispose();
    backend.prepare(graphOf(1000)).dispose();
    await backend.dispose();
  });

  test('holds no graph larger than the one it was planned for', async () => {
    const backend = await open({ graph: graphOf(4096, 4) });
    expect(() => backend.prepare(graphOf(4096, 64))).toThrow(ResourceError);
    await backend.dispose();
  });
});

test('a node that no kernel can run is named before anything is allocated', async () => {
  const g = new Recorder({ nCtx: 8, maxTokens: 1, maxLogits: 1 });
  const cache = kvCache(0, { nKvHeads: 10, headDim: 6 }, { ...g.limits, kvType: 'f16' });
  const x = g.embed(weight({ name: 'table', quant: quantByName.get('f32')!, shape: [4, 60] }));
  const graph = g.finish(g.attention(x, x, x, cache, { headDim: 6, scale: 1 }));
  await expect(open({ graph, weights: [] })).rejects.toThrow(UnsupportedError);
  await expect(open({ graph, weights: [] })).rejects.toThrow(/heads of 6 columns/);
});

test('a weight of a type without kernels is named, with what to do', async () => {
  const g = new Recorder({ nCtx: 8, maxTokens: 1, maxLogits: 1 });
  const table = weight({ name: 'table', quant: { ...quantByName.get('iq3_s')!, name: 'iq9' }, shape: [4, 256] });
  const graph = g.finish(g.embed(table));
  await expect(open({ graph, weights: [table] })).rejects.toThrow(UnsupportedError);
  await expect(open({ graph, weights: [table] })).rejects.toThrow(/table is iq9.*quantise .*backend: 'reference'/);
});

test('a step allocates next to nothing on the JavaScript heap', async () => {
  const backend = await open();
  const graph = graphOf(4096);
  const program = backend.prepare(graph);
  const step = { tokens: Int32Array.of(1), pos: 0, nLogits: 1 };
  const run = (n: number) => {
    for (let i = 0; i < n; i++) {
      void program.run(step);
      void program.read(graph.logits);
    }
  };
  run(3000); // until the engine has compiled it for good
  const least = Math.min(
    ...Array.from({ length: 5 }, () => {
      const before = getHeapStatistics().used_heap_size;
      run(1000);
      return (getHeapStatistics().used_heap_size - before) / 1000;
    }).filter((bytes) => bytes >= 0), // a collection came in between
  );
  expect(least).toBeLessThan(100);
  await backend.dispose();
});
