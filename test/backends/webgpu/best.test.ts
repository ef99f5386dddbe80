import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { wgsl } from '#wgsl';
import type { Best } from '../../../src/base/best.ts';
import type { Backend, Program } from '../../../src/backends/backend.ts';
import { forgetSources } from '../../../src/backends/webgpu/sources.ts';
import { createWebgpuBackend, type WebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { weight, type Graph, type Value } from '../../../src/graph/graph.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { scale } from '../../../src/ops/scale.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { encodeRows, randomFloats } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { readFrom } from '../case_runner.ts';

/** The best logits, found on the device; and steps that begin before the token of the step before was read. */

const { gpu } = await findDawn();
const f32 = quantByName.get('f32')!;

/** Makes these numbers the logits of any token. */
function rowGraph(row: Float32Array): Graph {
  const [shape, rows] = [[1, row.length], 'logits'] as const;
  const known: Value = { name: 'numbers', quant: f32, shape, rows, role: 'constant', data: row };
  const logits: Value = { name: 'logits', quant: f32, shape, rows, role: 'activation' };
  const node = { op: scale, out: logits, inputs: [known], params: { by: 1 } };
  return { nodes: [node], logits, nCtx: 1, maxTokens: 1, maxLogits: 1 };
}

const stepFor = (nBest: number) => ({ tokens: new Int32Array(1), pos: 0, nLogits: 1, nBest });

/** Tokens in the order of logits, equals in their own; what is no number comes first. */
function ordered(row: Float32Array): number[] {
  const size = (i: number): number => (Number.isNaN(row[i]) ? Infinity : row[i]!);
  return [...row.keys()].sort((a, b) => (size(a) === size(b) ? a - b : size(b) - size(a)));
}

function expectBest({ n, tokens, logits }: Best, row: Float32Array, nBest: number): void {
  const listed = [...tokens.subarray(0, n)];
  expect(listed.map((token) => row[token])).toEqual([...logits.subarray(0, n)]);
  expect(n).toBeGreaterThanOrEqual(nBest);
  expect(new Set(listed)).toEqual(new Set(ordered(row).slice(0, n)));
  if (nBest === 1) expect(n).toBe(1);
}

function random(n: number, change = (number: number, _i: number): number => number): Float32Array {
  return randomFloats(n, 1, 20).map(change);
}

/** With one number of these bits. */
function withBits(bits: number): Float32Array {
  const row = random(3000);
  new Uint32Array(row.buffer)[1234] = bits;
  return row;
}

describe.skipIf(!gpu)('the best logits of a row', () => {
  let backend: WebgpuBackend;
  beforeAll(async () => {
    if (gpu) backend = await createWebgpuBackend({ gpu, weights: [], graph: rowGraph(new Float32Array(1)) });
  });
  afterAll(() => backend?.dispose());

  const rows: readonly (readonly [string, Float32Array])[] = [
    ['one', Float32Array.of(-3)],
    ['few', random(5)],
    ['as many as there are groups of parts', random(256)],
    ['fewer than parts', random(2047)],
    ['one more than parts', random(2049)],
    ['a vocabulary', random(49152)],
    ['rising', random(5000, (_, i) => i / 7)],
    ['falling', random(5000, (_, i) => -i / 7)],
    ['some equal', random(9000, (number) => Math.round(number * 4))],
    ['negative', random(3000, (number) => -1 - Math.abs(number))],
    ['zeros of both signs', random(300, (_, i) => (i % 3 ? -0 : 0))],
    ['banned', random(3000, (number, i) => (i % 9 ? -Infinity : number))],
    ['infinite', withBits(0x7f800000)],
    ['no number', withBits(0x7fc00000)],
    ['no number, with a sign', withBits(0xffc12345)],
    ['tiny', random(3000, (number) => number * 1e-38)],
  ];
  test.each(rows)('%s', async (_name, numbers) => {
    const graph = rowGraph(numbers);
    const program = backend.prepare(graph);
    for (const nBest of [1, 2, 40, 104, 192].filter((n) => n <= numbers.length)) {
      await program.run(stepFor(nBest));
      const row = Float32Array.from(await program.read(graph.logits)); // all of them can be read, too
      expect(row).toHaveLength(numbers.length);
      const best = program.readBest!()!;
      if (Number.isNaN(row[1234])) expect(best.tokens.subarray(0, best.n)).toContain(1234);
      expectBest(best, row, nBest);
    }
    program.dispose();
  });

  test('come whole where they are wanted whole, or too many would be', async () => {
    const graph = rowGraph(random(3000, (_, i) => (i % 2 ? 5 : 4)));
    const program = backend.prepare(graph);
    for (const nBest of [undefined, 193, 40]) {
      await program.run({ ...stepFor(1), nBest });
      expect(program.readBest!()).toBeUndefined();
      expect((await program.read(graph.logits))[2999]).toBe(5);
    }
    await program.run(stepFor(1));
    expect(program.readBest!()!.tokens[0]).toBe(1);
    program.dispose();
  });
});

/** A text in which each token decides about the next one: the rows of a table are the logits behind its tokens. */
const N_VOCAB = 700;
const limits = { nCtx: 64, maxTokens: 8, maxLogits: 2 };

describe.skipIf(!gpu)('a step that begins ahead', () => {
  const table = weight({ name: 'table', quant: f32, shape: [N_VOCAB, N_VOCAB] });
  const numbers = randomFloats(N_VOCAB * N_VOCAB, 3);
  const best = (token: number): number => ordered(numbers.subarray(token * N_VOCAB, (token + 1) * N_VOCAB))[0]!;
  const g = new Recorder(limits);
  const graph = g.finish(g.lastRows(g.scale(g.embed(table), 1)));
  let backend: Backend;
  let program: Program;

  beforeAll(async () => {
    if (!gpu) return;
    backend = await createWebgpuBackend({ gpu, weights: [table], graph });
    const files = new Map([['table', encodeRows(numbers, 'f32')]]);
    await backend.upload([table], { read: readFrom(files) });
    program = backend.prepare(graph);
  });
  afterAll(() => backend?.dispose());

  const stepOf = (token: number, pos: number) => ({ tokens: Int32Array.of(token), pos, nLogits: 1, nBest: 1 });
  const next = (pos: number) => ({ pos, nLogits: 1, nBest: 1 });

  test('takes the token that the step before makes likeliest', async () => {
    await program.run(stepOf(5, 0));
    for (let [token, pos] = [5, 0]; pos < 60; pos++) {
      expect(program.readBest!()!.tokens[0]).toBe((token = best(token)));
      program.runAhead!(stepOf(token, pos + 1));
      program.runAhead!(next(pos + 2));
      await program.run(stepOf(token, pos + 1));
    }
  });

  test('is let go where the text goes on otherwise', async () => {
    await program.run(stepOf(5, 0));
    program.runAhead!(stepOf(best(5), 1));
    program.runAhead!(next(2));
    for (const [token, pos] of [
      [9, 1], // another token
      [best(9), 2],
      [7, 0], // another place
    ] as const) {
      await program.run(stepOf(token, pos));
      expect(program.readBest!()!.tokens[0]).toBe(best(token));
      program.runAhead!(next(pos + 1));
      program.runAhead!(next(pos + 2));
    }
    await program.run({ ...stepOf(best(7), 1), nBest: undefined });
    expect((await program.read(graph.logits)).subarray(0, 3)).toEqual(
      numbers.subarray(best(7) * N_VOCAB, best(7) * N_VOCAB + 3),
    );
    program.runAhead!(next(2)); // the one before did not look for the best
    await program.run(stepOf(1, 2));
    expect(program.readBest!()!.tokens[0]).toBe(best(1));
  });

  test('leaves nothing else to be read of the step before', async () => {
    await program.run(stepOf(5, 0));
    program.runAhead!(stepOf(6, 1));
    await expect(async () => program.read(graph.logits)).rejects.toThrow(/gone: another step was begun/);
    expect(program.readBest!()!.tokens[0]).toBe(best(5));
  });
});

describe.skipIf(!gpu)('the check of the best', () => {
  const sources = wgsl as Record<string, string>;
  const whole = { ...sources };
  afterEach(() => {
    Object.assign(sources, whole);
    forgetSources();
  });
  const graph = rowGraph(random(5000));

  async function open(): Promise<WebgpuBackend> {
    const backend = await createWebgpuBackend({ gpu: gpu!, weights: [], graph });
    await backend.upload([], { read: readFrom(new Map()) });
    return backend;
  }
  const refusedOf = ({ gpu: { checks } }: WebgpuBackend) =>
    checks.find(({ kernel }) => kernel.includes('best'))!.refused;

  test('lets them pass', async () => {
    const backend = await open();
    expect(refusedOf(backend)).toBeUndefined();
    await backend.dispose();
  });

  test.each([
    ['best_parts', 'order > best.x', 'order < best.x || best.x == 0u'],
    ['best_one', 'b.y < a.y', 'b.y > a.y'],
    ['best_floor', 'step.nBest - 1u', 'step.nBest - 3u'],
    ['best_list', 'atomicAdd(&out.n, 1u)', 'atomicAdd(&out.n, 0u)'],
  ])('notices a wrong %s, and reads whole rows', async (kernel, right, wrong) => {
    sources[kernel] = whole[kernel]!.replace(right, wrong);
    expect(sources[kernel]).not.toBe(whole[kernel]);
    forgetSources();
    const backend = await open();
    expect(refusedOf(backend)).toMatch(/of 5000 numbers it misses the best/);
    const program = backend.prepare(graph);
    await program.run(stepFor(1));
    expect(program.readBest!()).toBeUndefined();
    expect(await program.read(graph.logits)).toHaveLength(5000);
    await backend.dispose();
  });
});
