import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backends/backend.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import type { Graph, Node, Op, Params, Step, StepText, Value } from '../../../src/graph/graph.ts';
import { geglu } from '../../../src/ops/geglu.ts';
import { gelu } from '../../../src/ops/gelu.ts';
import { layerNorm } from '../../../src/ops/layer_norm.ts';
import { matchSize } from '../../../src/ops/match_size.ts';
import { colsOf, rowsOf } from '../../../src/ops/op.ts';
import { pool } from '../../../src/ops/pool.ts';
import { rmsNorm } from '../../../src/ops/rms_norm.ts';
import { softcap } from '../../../src/ops/softcap.ts';
import { sparsify } from '../../../src/ops/sparsify.ts';
import { swiglu } from '../../../src/ops/swiglu.ts';
import { temper } from '../../../src/ops/temper.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { errorOf, randomFloats } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';

/** What the cases of test/cases leave out: numbers at the ends of the range, and steps of several texts. */

const f32 = quantByName.get('f32')!;
const COLS = 37;

interface Trial {
  readonly op: Op;
  readonly params?: Params;
  /** `[nTokens, COLS]` each, or `[cols]` of a vector. */
  readonly inputs: readonly Float32Array[];
  readonly texts?: readonly StepText[];
  readonly nLogits?: number;
}

const { gpu } = await findDawn();
let backend: Backend;
const empty: Graph = { nodes: [], nCtx: 1, maxTokens: 1, maxLogits: 1, logits: constant(Float32Array.of(0), 'none') };

beforeAll(async () => {
  if (gpu) backend = await createWebgpuBackend({ gpu: gpu!, weights: [], graph: empty });
});
afterAll(() => backend?.dispose());

function constant(data: Float32Array, name: string): Value {
  const nRows = Math.max(1, data.length / COLS);
  const isRows = data.length % COLS === 0;
  const shape = isRows ? [nRows, COLS] : [1, data.length];
  return { name, quant: f32, shape, role: 'constant', data, ...(isRows && { rows: 'tokens' }) };
}

/** What the device makes of a trial, and what the plain loops make of it. */
async function bothOf({ op, params = {}, inputs, texts, nLogits }: Trial): Promise<[Float32Array, Float32Array]> {
  const values = inputs.map((data, i) => constant(data, `input.${i}`));
  const nTokens = values[0]!.shape[0]!;
  const { rows, cols } = op.shape(values, params);
  const out: Value = { name: 'out', quant: f32, shape: [nTokens, cols], role: 'activation', rows };
  const node: Node = { op, out, inputs: values, params };
  const maxTexts = texts?.length ?? 1;
  const graph: Graph = { nodes: [node], nCtx: 4096, maxTokens: nTokens, maxLogits: nTokens, maxTexts, logits: out };
  const step: Step = { tokens: new Int32Array(nTokens), pos: 0, nLogits: nLogits ?? nTokens, ...(texts && { texts }) };
  const program = backend.prepare(graph);
  await program.run(step);
  const came = Float32Array.from(await program.read(out));
  program.dispose();
  const wanted = new Float32Array(rowsOf(rows, step) * colsOf(out));
  op.reference({ node, step, out: wanted, inputs: inputs as Float32Array[] });
  return [came, wanted];
}

/** A row of numbers that end at the largest of float32. */
const wide = Float32Array.from({ length: COLS }, (_, i) => (i % 2 ? 1 : -1) * 10 ** (i * 1.04));
const ones = new Float32Array(COLS).fill(1);
const withIn = (number: number): Float32Array => randomFloats(COLS, 5).map((each, i) => (i === 7 ? number : each));
const hasOnlyNaN = (floats: Float32Array): boolean => floats.every((number) => !Number.isFinite(number));

describe.skipIf(!gpu)('a curve has an end on both sides', () => {
  const curves: Trial[] = [
    { op: gelu, inputs: [wide] },
    { op: geglu, inputs: [wide, ones] },
    { op: swiglu, inputs: [wide, ones] },
    { op: softcap, params: { cap: 30 }, inputs: [wide] },
    { op: softcap, params: { cap: 1e-6 }, inputs: [wide] },
  ];
  test.each(curves)('$op.name', async (trial) => {
    const [came, wanted] = await bothOf(trial);
    came.forEach((number, i) => {
      const size = Math.max(Math.abs(wanted[i]!), 1e-6); // below it, nothing is as good as a little
      expect(Math.abs(number - wanted[i]!) / size, `of ${wide[i]}`).toBeLessThan(1e-6);
    });
  });

  test.each(curves)('$op.name of NaN is NaN', async ({ inputs: [, ...others], ...trial }) => {
    const [came] = await bothOf({ ...trial, inputs: [withIn(NaN), ...others] });
    expect([...came].map(Number.isNaN)).toEqual(Array.from({ length: COLS }, (_, i) => i === 7));
  });
});

describe.skipIf(!gpu)('a row with a number that its sum cannot hold becomes NaN, never zeros', () => {
  const rows: Trial[] = [
    { op: rmsNorm, params: { eps: 1e-5 }, inputs: [ones, ones] },
    { op: layerNorm, params: { eps: 1e-5 }, inputs: [ones, ones] },
    { op: sparsify, params: { deviations: 1 }, inputs: [ones] },
    { op: matchSize, inputs: [ones, ones] },
  ];
  for (const number of [1e30, NaN, Infinity]) {
    test.each(rows)(`$op.name with ${number}`, async ({ inputs: [, ...others], ...trial }) => {
      expect(hasOnlyNaN((await bothOf({ ...trial, inputs: [withIn(number), ...others] }))[0])).toBe(true);
    });
  }

  test('match_size of zeros', async () => {
    expect(hasOnlyNaN((await bothOf({ op: matchSize, inputs: [new Float32Array(COLS), ones] }))[0])).toBe(true);
  });
});

describe.skipIf(!gpu)('of several texts, each has its own positions', () => {
  const texts = [
    { first: 0, nTokens: 3, pos: 0, base: 0 },
    { first: 3, nTokens: 1, pos: 30, base: 32 },
    { first: 4, nTokens: 4, pos: 2, base: 96 },
  ];
  const x = randomFloats(8 * COLS, 1);
  const trials: Trial[] = [
    ...[0, 1, 2].map((which) => ({ op: pool, params: { which }, inputs: [x], nLogits: 3 })),
    { op: pool, params: { which: 1 }, inputs: [x], nLogits: 2 },
    { op: temper, params: { every: 2 }, inputs: [x, Float32Array.of(1, 2, 3, 4, 5)] },
  ];
  test.each(trials)('$op.name $params', async (trial) => {
    const [came, wanted] = await bothOf({ ...trial, texts });
    expect(errorOf(came, wanted)).toBeLessThan(1e-6);
  });
});
