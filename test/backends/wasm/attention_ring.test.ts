import { beforeAll, describe, expect, test } from 'vitest';
import type { Backend, Program } from '../../../src/backends/backend.ts';
import { memoryOf } from '../../../src/backends/dry/dry.ts';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import { createWasmBackend, type WasmOptions } from '../../../src/backends/wasm/wasm.ts';
import type { Build } from '../../../src/platform/features.ts';
import { weight, type Graph, type Value } from '../../../src/graph/graph.ts';
import { kvTypes, type KvCache, type KvType } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { errorOf, randomFloats } from '../../cases/op_case.ts';
import { allowRelaxedBuild, kernels, nodeHost } from './support.ts';

beforeAll(allowRelaxedBuild);

/** Either build, also where it is right but not chosen. */
const hostOf = (build: Build) => nodeHost({ features: { build, sharedMemory: true } });

const N_HEADS = 4;
const N_KV_HEADS = 2;
const HEAD_DIM = 32;
const N_TOKENS = 700;
/** A prime, so that the rows that tokens look up do not repeat with blocks, splits or rings. */
const N_VOCAB = 251;

const f32 = quantByName.get('f32')!;
const table = (name: string, nHeads: number) => weight({ name, quant: f32, shape: [N_VOCAB, nHeads * HEAD_DIM] });
const tables = [table('q', N_HEADS), table('k', N_KV_HEADS), table('v', N_KV_HEADS)];
const numbers = new Map(tables.map(({ name, shape }, i) => [name, randomFloats(shape[0]! * shape[1]!, i + 1, 2)]));

interface Shape {
  readonly quant: KvType;
  readonly window: number;
  readonly nPositions: number;
  readonly maxTokens: number;
}

/** Attention over queries, keys and values that tokens look up in tables; its result is that of the graph. */
function graphOf({ quant, window, nPositions, maxTokens }: Shape): { graph: Graph; cache: KvCache } {
  const g = new Recorder({ nCtx: N_TOKENS, maxTokens, maxLogits: 1 });
  const state = (name: string): Value => {
    return { name, quant: quantByName.get(quant)!, shape: [nPositions, N_KV_HEADS * HEAD_DIM], role: 'state' };
  };
  const cache = { kind: 'window', k: state('k.0'), v: state('v.0'), window: window || Infinity } as const;
  const [q, k, v] = tables.map((one) => g.embed(one));
  const out = g.attention(q!, k!, v!, cache, { headDim: HEAD_DIM, scale: HEAD_DIM ** -0.5 });
  return { graph: g.finish(out), cache };
}

const tokenAt = (pos: number): number => pos % N_VOCAB;

async function step(program: Program, graph: Graph, pos: number, n: number): Promise<Float32Array> {
  await program.run({ tokens: Int32Array.from({ length: n }, (_, i) => tokenAt(pos + i)), pos, nLogits: 1 });
  return (await program.read(graph.logits)).slice(0, n * N_HEADS * HEAD_DIM);
}

/** Every token's result, read in steps of these sizes in turn. */
async function results(
  program: Program,
  graph: Graph,
  sizes: readonly number[],
  end = N_TOKENS,
): Promise<Float32Array> {
  const rows = new Float32Array(end * N_HEADS * HEAD_DIM);
  for (let pos = 0, i = 0; pos < end; i++) {
    const n = Math.min(sizes[i % sizes.length]!, end - pos);
    rows.set(await step(program, graph, pos, n), pos * N_HEADS * HEAD_DIM);
    pos += n;
  }
  return rows;
}

async function filled(backend: Backend): Promise<Backend> {
  await backend.upload(tables, {
    read: async ({ name }, offset, into) => {
      into.set(new Uint8Array(numbers.get(name)!.buffer as ArrayBuffer, offset, into.length));
    },
  });
  return backend;
}

const wasm = async (graph: Graph, options: Partial<WasmOptions> = {}): Promise<Backend> =>
  filled(await createWasmBackend({ weights: tables, graph, maxSessions: 8, threads: 1, host: nodeHost(), ...options }));

const blocks = (n: number): number => Math.ceil(n / 32) * 32;

/** Windows that end anywhere in blocks and splits; steps that are split among threads, and steps that are not. */
const windows: { window: number; maxTokens: number; sizes: readonly (readonly number[])[] }[] = [
  { window: 1, maxTokens: 3, sizes: [[1], [3, 2]] },
  { window: 20, maxTokens: 13, sizes: [[1], [13], [4, 5, 1]] },
  { window: 33, maxTokens: 80, sizes: [[1, 3], [80], [79, 2]] },
  { window: 64, maxTokens: 1, sizes: [[1]] },
  { window: 100, maxTokens: 37, sizes: [[1, 2, 3, 4], [37]] },
  {
    window: 301,
    maxTokens: 128,
    sizes: [
      [4, 1, 33],
      [128, 127],
    ],
  },
];

describe.each(kvTypes)('attention over a ring has the bits of attention over all positions: %s', (quant) => {
  test.each(windows)('window $window, steps of up to $maxTokens tokens', async ({ window, maxTokens, sizes }) => {
    const whole = graphOf({ quant, window, nPositions: N_TOKENS, maxTokens }).graph;
    const shared = await wasm(whole);
    const wanted = await results(shared.prepare(whole), whole, [maxTokens]);
    await shared.dispose();
    const fewest = blocks(window + maxTokens - 1);
    for (const [build, threads, nPositions] of [
      ['simd', 1, fewest],
      ['simd', 3, fewest + 96],
      ['relaxed', 1, fewest + 32],
      ['relaxed', 3, fewest],
    ] as const) {
      const ring = graphOf({ quant, window, nPositions, maxTokens }).graph;
      const backend = await wasm(ring, { build, threads, host: hostOf(build) });
      for (const some of sizes.slice(threads === 1 ? 0 : -1)) {
        const program = backend.prepare(ring);
        expect(await results(program, ring, some), `${build}, ${threads} threads, steps ${some}`).toEqual(wanted);
        program.dispose();
      }
      await backend.dispose();
    }
  });

  test('and is what the plain loops say', async () => {
    const { graph } = graphOf({ quant, window: 100, nPositions: 160, maxTokens: 37 });
    const [fast, plain] = [await wasm(graph), await filled(referenceBackend())];
    const [came, wanted] = [
      await results(fast.prepare(graph), graph, [37]),
      await results(plain.prepare(graph), graph, [5]),
    ];
    expect(errorOf(came, wanted)).toBeLessThan(quant === 'q8_0' ? 3e-4 : quant === 'f16' ? 1e-4 : 2e-6);
    await fast.dispose();
  });

  test('goes on from rows that were read out of another ring, on either backend', async () => {
    const { graph, cache } = graphOf({ quant, window: 50, nPositions: 96, maxTokens: 8 });
    const backends = [await wasm(graph), await filled(referenceBackend())];
    for (const backend of backends) {
      const [one, other] = [backend.prepare(graph), backend.prepare(graph)];
      await results(one, graph, [8], 333);
      for (const state of [cache.k, cache.v]) await other.writeState(state, 284, await one.readState(state, 284, 333));
      expect(await step(other, graph, 333, 7)).toEqual(await step(one, graph, 333, 7));
    }
    for (const backend of backends) await backend.dispose();
  });
});

test('a step that sees positions which the ring no longer holds is a RangeError that names the first of them', async () => {
  const { graph } = graphOf({ quant: 'f16', window: 40, nPositions: 64, maxTokens: 8 });
  const backend = await wasm(graph);
  const program = backend.prepare(graph);
  await results(program, graph, [8], 200); // holds 136 … 199
  const wanted = await step(program, graph, 175, 5); // sees 136 and on
  expect(() => program.run({ tokens: Int32Array.of(1), pos: 174, nLogits: 1 })).toThrow(/sees position 135/);
  expect(() => program.run({ tokens: Int32Array.of(1), pos: 181, nLogits: 1 })).toThrow(/sees position 180/);
  expect(await step(program, graph, 175, 5)).toEqual(wanted);
  await results(program, graph, [8], 30);
  expect(() => program.run({ tokens: Int32Array.of(1), pos: 180, nLogits: 1 })).toThrow(RangeError);
  await backend.dispose();
});

test('rings that cannot hold what a step sees are refused while the graph is recorded', () => {
  const shape = { quant: 'f16', window: 50, nPositions: 64, maxTokens: 8 } as const;
  expect(() => graphOf(shape)).not.toThrow();
  expect(() => graphOf({ ...shape, nPositions: 57 })).toThrow(RangeError); // no whole blocks
  expect(() => graphOf({ ...shape, maxTokens: 16 })).toThrow(/k\.0 has rows for 64 of 700 positions.* take 96/);
  expect(() => graphOf({ ...shape, window: 0 })).toThrow(RangeError);
  expect(() => graphOf({ ...shape, window: 0, nPositions: N_TOKENS })).not.toThrow();
});

test('what a window costs does not grow with the context: cache, angles of positions, room to work in', async () => {
  const bytesAt = async (nCtx: number) => {
    const g = new Recorder({ nCtx, maxTokens: 16, maxLogits: 1 });
    const cols = N_KV_HEADS * HEAD_DIM;
    const state = (name: string): Value => ({ name, quant: f32, shape: [544, cols], role: 'state' });
    const angles = g.ropeAngles({ ropeDim: HEAD_DIM, base: 10000, scaling: { type: 'none' } });
    const [q, k, v] = tables.map((one) => g.rope(g.embed(one), angles, { headDim: HEAD_DIM, style: 'norm' }));
    const cache = { kind: 'window', k: state('k.0'), v: state('v.0'), window: 512 } as const;
    const graph = g.finish(g.attention(q!, k!, v!, cache, { headDim: HEAD_DIM, scale: 1 }));
    return memoryOf({ weights: tables, graph, maxSessions: 2, threads: 2, kernels, build: 'simd' });
  };
  expect(await bytesAt(2 ** 24)).toEqual(await bytesAt(1024));
});
