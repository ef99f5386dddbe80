import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backends/backend.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import type { Graph, Params, StepText } from '../../../src/graph/graph.ts';
import { kvTypes, type KvType } from '../../../src/graph/layer_state.ts';
import { attention } from '../../../src/ops/attention.ts';
import { kvStore } from '../../../src/ops/kv_store.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { buildCase, decodeRows, errorOf, expected, type BuiltCase } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { writeCache } from '../write_cache.ts';
import { floor } from './support.ts';

/** What the cases of test/cases leave out: heads that other backends do not take, several texts, numbers that a cache cannot hold. */

const { gpu } = await findDawn();
let backend: Backend;
let software: Backend;
const numbers = { name: 'none', quant: quantByName.get('f32')!, shape: [1, 1], role: 'constant' } as const;
const empty: Graph = { nodes: [], nCtx: 1, maxTokens: 1, maxLogits: 1, logits: numbers };

beforeAll(async () => {
  if (!gpu) return;
  backend = await createWebgpuBackend({ gpu, weights: [], graph: empty, device: floor });
  software = await createWebgpuBackend({ gpu, weights: [], graph: empty, device: { ...floor, isFallback: true } });
});
afterAll(() => backend?.dispose());
afterAll(() => software?.dispose());

interface Shape {
  readonly heads: readonly [number, number];
  readonly headDim: number;
  readonly nTokens: number;
  readonly pos: number;
  readonly quant: KvType;
  readonly params?: Params;
  readonly size?: number;
}

const plain = { window: 0, cap: 0, ahead: 0, alibi: 0 };

function attentionCase({ heads: [nHeads, nKvHeads], headDim, nTokens, pos, quant, params, size }: Shape): BuiltCase {
  const cache = { role: 'state', cols: nKvHeads * headDim, quant } as const;
  return buildCase({
    name: 'attention',
    op: attention,
    inputs: [{ role: 'activation', cols: nHeads * headDim, ...(size && { size }) }, cache, cache],
    params: { headDim, scale: headDim ** -0.5, ...plain, ...params },
    nTokens,
    pos,
    tolerance: 0,
    flops: 0,
  });
}

const storeCase = (quant: KvType, kvDim: number, nTokens: number, pos: number, rows?: number): BuiltCase =>
  buildCase({
    name: 'kv_store',
    op: kvStore,
    inputs: [
      { role: 'activation', cols: kvDim },
      { role: 'state', cols: kvDim, quant, rows },
    ],
    params: { headDim: kvDim },
    nTokens,
    pos,
    tolerance: 0,
    flops: 0,
  });

/** What the device makes of a case. */
async function cameOf({ graph, node, step, operands }: BuiltCase, on = backend): Promise<Float32Array> {
  const program = on.prepare(graph);
  try {
    for (const { value, bytes } of operands)
      if (value.role === 'state') await writeCache(program, value, bytes, step.pos);
    await program.run(step);
    if (node.out.role === 'activation') return Float32Array.from(await program.read(node.out));
    return decodeRows(await program.readState(node.out, 0, node.out.shape[0]!), node.out.quant.name);
  } finally {
    program.dispose();
  }
}

async function expectRight(built: BuiltCase, tolerance: number, on = backend): Promise<void> {
  const came = await cameOf(built, on);
  expect(errorOf(came, expected(built)[0]!)).toBeLessThan(tolerance);
}

describe.skipIf(!gpu)('heads of any width', () => {
  const widths = [1, 3, 5, 7, 33, 80, 100, 130, 256, 512];
  const shapes = widths.flatMap((headDim, i): Shape[] => [
    { heads: [3, 3], headDim, nTokens: 1, pos: 77 + i, quant: i % 2 ? 'f16' : 'f32' },
    { heads: [4, 1], headDim, nTokens: 2, pos: 500, quant: i % 2 ? 'f32' : 'f16' },
    { heads: [6, 2], headDim, nTokens: 11, pos: 30 + i, quant: i % 2 ? 'f32' : 'f16' },
    { heads: [3, 1], headDim, nTokens: 5, pos: 40, quant: 'f16', params: { window: 9, alibi: 8, cap: 2 } },
  ]);
  test.each(shapes)('$headDim columns, $nTokens tokens, $quant', async (shape) => {
    await expectRight(attentionCase(shape), 2e-6);
    if (shape.nTokens <= 2) await expectRight(attentionCase(shape), 2e-6, software);
  });

  test.each([96, 160, 512])('%i columns, q8_0', async (headDim) => {
    await expectRight(attentionCase({ heads: [6, 2], headDim, nTokens: 5, pos: 40, quant: 'q8_0' }), 2e-4);
    await expectRight(storeCase('q8_0', headDim, 3, 5), 1e-6);
  });
});

describe.skipIf(!gpu)('rows of a cache that end in the middle of a word', () => {
  const shapes = [1, 3, 5, 7, 129].flatMap((kvDim) =>
    [
      [1, 4],
      [1, 5],
      [4, 6],
      [5, 7],
    ].map(([nTokens, pos]) => ({ kvDim, nTokens: nTokens!, pos: pos! })),
  );
  test.each(shapes)('$nTokens rows of $kvDim from $pos', async ({ kvDim, nTokens, pos }) => {
    await expectRight(storeCase('f16', kvDim, nTokens, pos), 6.2e-5);
    await expectRight(storeCase('f16', kvDim, nTokens, pos + 90, 32), 6.2e-5);
  });
});

describe.skipIf(!gpu)('several texts in a step', () => {
  const texts: readonly StepText[] = [
    { first: 0, nTokens: 3, pos: 0, base: 0 },
    { first: 3, nTokens: 1, pos: 30, base: 32 },
    { first: 4, nTokens: 37, pos: 2, base: 96 },
    { first: 41, nTokens: 9, pos: 0, base: 160 },
  ];
  const withTexts = (built: BuiltCase): BuiltCase => ({
    ...built,
    graph: { ...built.graph, maxTexts: texts.length },
    step: { ...built.step, pos: 0, texts },
  });
  const nTokens = 50;
  const pos = 200 - nTokens;
  const kinds: readonly Params[] = [
    {},
    { ahead: 512 },
    { window: 3 },
    { window: 5, ahead: 2 },
    { alibi: 8, ahead: 512 },
  ];
  for (const quant of kvTypes) {
    const tolerance = quant === 'q8_0' ? 2e-4 : 2e-6;
    test.each(kinds)(`attention, ${quant}, %o`, async (params) => {
      const shape = { heads: [6, 2], headDim: 32, nTokens, pos, quant, params } as const;
      await expectRight(withTexts(attentionCase(shape)), tolerance);
    });

    test.each(quant === 'q8_0' ? [64, 96] : [64, 5])(`kv_store, ${quant}, rows of %i`, async (kvDim) => {
      await expectRight(withTexts(storeCase(quant, kvDim, nTokens, pos)), 6.2e-5);
    });
  }
});

describe.skipIf(!gpu)('what is not finite is noticed', () => {
  const bad = [NaN, Infinity, -Infinity];
  const withIn = (built: BuiltCase, number: number): BuiltCase => {
    built.operands[0]!.floats[built.node.inputs[0]!.shape[1]! + 2] = number;
    return built;
  };

  test.each([...bad, 65520, -1e9])('a cache of halves tells of %d', async (number) => {
    for (const kvDim of [64, 5]) {
      const run = cameOf(withIn(storeCase('f16', kvDim, 3, 4), number));
      await expect(run).rejects.toThrow(/made values that are NaN or beyond ±65504/);
    }
  });

  test.each(bad)('a cache of levels tells of %d, and its block becomes NaN', async (number) => {
    const built = withIn(storeCase('q8_0', 96, 3, 4), number);
    const program = backend.prepare(built.graph);
    await expect((async () => program.run(built.step))()).rejects.toThrow(/made values that are NaN or beyond .* q8_0/);
    const kept = decodeRows(await program.readState(built.node.out, 4, 7), 'q8_0');
    program.dispose();
    const spoilt = [...kept.keys()].filter((i) => Number.isNaN(kept[i]));
    expect(spoilt).toEqual(Array.from({ length: 32 }, (_, i) => 96 + i));
  });

  test.each(bad)('a cache of floats tells of %d', async (number) => {
    await expect(cameOf(withIn(storeCase('f32', 64, 3, 4), number))).rejects.toThrow(/made values that are infinite/);
  });

  test('the largest that a half rounds to is held', async () => {
    await expectRight(withIn(storeCase('f16', 64, 3, 4), 65519), 6.2e-5);
    await expectRight(withIn(storeCase('f32', 64, 3, 4), 3e38), 1e-6);
  });

  test.each([...bad, 3e38])('a query with %d gives NaN, never zeros', async (number) => {
    const shape: Shape = { heads: [2, 1], headDim: 32, nTokens: 3, pos: 50, quant: 'f16' };
    const came = await cameOf(withIn(attentionCase({ ...shape, params: { scale: 1e3 } }), number));
    const ofHead = (float: number, i: number): boolean => Number.isFinite(float) === (i < 64 || i >= 96);
    expect([...came].every(ofHead)).toBe(true);
  });
});
