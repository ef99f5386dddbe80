import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, NodeWork } from '../../src/backends/backend.ts';
import { weight, type Graph, type GraphLimits, type Node, type Step, type Value } from '../../src/graph/graph.ts';
import { kvCache, kvTypes, type KvType } from '../../src/graph/layer_state.ts';
import { Recorder } from '../../src/models/recorder.ts';
import { quantByName } from '../../src/quants/index.ts';
import { opCases } from '../cases/index.ts';
import { encodeRows, errorOf, expected, randomFloats, type OpCase } from '../cases/op_case.ts';
import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { CaseRunner, readFrom, type OpenBackend } from './case_runner.ts';

/**
 * What every backend has to do, in one place: each case of each op, and what `Backend` and `Program` promise. A member of the suite is
 * a constructor and its excuses.
 */
export interface Member {
  readonly name: string;
  readonly open: OpenBackend;
  /** Cases that the backend does not do yet. A test fails when it does one. */
  readonly excuses?: readonly Excuse[];
  /** An error that counts as none, for machines whose arithmetic is looser than our own; default 0. */
  readonly leastError?: number;
  /** Results are those of this member, to the bit. */
  readonly sameBitsAs?: Member;
}

export interface Excuse {
  readonly cases: (opCase: OpCase) => boolean;
  readonly reason: string;
}

/** What a member is tried on; by default everything. */
export interface Trials {
  readonly cases?: readonly OpCase[];
  readonly kvTypes?: readonly KvType[];
}

export function conformance(member: Member, { cases = opCases, kvTypes: cacheTypes = kvTypes }: Trials = {}): void {
  describe(`${member.name} backend`, () => {
    testCases(member, cases);
    testLooking(member, cacheTypes[0]!);
    testStates(member, cacheTypes);
    testSteps(member, cacheTypes[0]!);
  });
}

const toleranceOf = ({ tolerance }: OpCase, { leastError = 0 }: Member): number => Math.max(tolerance, leastError);

const titleOf = ({ op, name }: OpCase): string => `${op.name}: ${name}`;

function testCases(member: Member, cases: readonly OpCase[]): void {
  const excuseOf = (opCase: OpCase): Excuse | undefined => member.excuses?.find((excuse) => excuse.cases(opCase));
  const done = cases.filter((opCase) => !excuseOf(opCase));
  describe('agrees with the definition of each op', () => {
    let own: CaseRunner;
    let other: CaseRunner | undefined;
    beforeAll(async () => {
      own = await CaseRunner.open(member.open, done);
      if (member.sameBitsAs) other = await CaseRunner.open(member.sameBitsAs.open, done);
    });
    afterAll(async () => {
      await own?.close();
      await other?.close();
    });
    for (const opCase of done) {
      const bits = member.sameBitsAs ? `, with the bits of ${member.sameBitsAs.name}` : '';
      test(`${titleOf(opCase)}${bits}`, async () => {
        const came = await own.run(opCase);
        const wanted = expected(own.built.get(opCase)!);
        wanted.forEach((floats, i) =>
          expect(errorOf(came[i]!, floats)).toBeLessThanOrEqual(toleranceOf(opCase, member)),
        );
        if (other) expect(came).toEqual(await other.run(opCase));
      });
    }
  });
  for (const excused of cases.filter(excuseOf)) {
    test(`still has an excuse: ${titleOf(excused)} (${excuseOf(excused)!.reason})`, async () => {
      const works = async (): Promise<boolean> => {
        const runner = await CaseRunner.open(member.open, [excused]);
        const came = await runner.run(excused).finally(() => runner.close());
        return expected(runner.built.get(excused)!).every(
          (floats, i) => errorOf(came[i]!, floats) <= toleranceOf(excused, member),
        );
      };
      expect(await works().catch(() => false), 'the excuse is no longer needed').toBe(false);
    });
  }
}

const N_VOCAB = 50;
const HEAD_DIM = 32;
const small = { nCtx: 64, maxTokens: 5, maxLogits: 2 };

interface SmallLimits extends GraphLimits {
  readonly window?: number;
}

/** A layer of attention between a table and a product: every role of a value, and what no node reads in its middle. */
function smallModel(kvType: KvType, limits: SmallLimits = small) {
  const f16 = quantByName.get('f16')!;
  const table = weight({ name: 'table', quant: f16, shape: [N_VOCAB, 2 * HEAD_DIM] });
  const norm = weight({ name: 'norm', quant: quantByName.get('f32')!, shape: [2 * HEAD_DIM] });
  const files = new Map([
    ['table', encodeRows(randomFloats(N_VOCAB * 2 * HEAD_DIM, 1), 'f16')],
    ['norm', encodeRows(randomFloats(2 * HEAD_DIM, 2), 'f32')],
  ]);
  const { window, ...sizes } = limits;
  const g = new Recorder(sizes);
  const cache = kvCache(0, { nKvHeads: 2, headDim: HEAD_DIM, window }, { ...sizes, kvType });
  const x = g.rmsNorm(g.embed(table), norm, 1e-5);
  const a = g.attention(x, x, x, cache, { headDim: HEAD_DIM, scale: 0.2 });
  const graph = g.finish(g.matmul(table, g.lastRows(g.add(x, a))));
  return { graph, weights: [table, norm], files, cache };
}

const step: Step = { tokens: Int32Array.of(3, 49, 0), pos: 0, nLogits: 2 };

/** Runs `use` on a small model's program; everything is disposed after it. */
async function withModel(
  member: Member,
  model: ReturnType<typeof smallModel>,
  use: (backend: Backend) => Promise<void>,
): Promise<void> {
  const keep = activationsOf(model.graph);
  const backend = await member.open({ ...model, keep });
  try {
    await backend.upload(model.weights, { read: readFrom(model.files) });
    await use(backend);
  } finally {
    await backend.dispose();
  }
}

const activationsOf = ({ nodes }: Graph): Value[] =>
  nodes.map(({ out }) => out).filter(({ role }) => role === 'activation');

function testLooking(member: Member, kvType: KvType): void {
  describe('lets a program be looked into', () => {
    const model = smallModel(kvType);
    const { graph } = model;
    const inner = graph.nodes[1]!.out;

    test('reads every value that it keeps, after steps of any size', async () => {
      const plain = referenceBackend();
      await plain.upload(model.weights, { read: readFrom(model.files) });
      await withModel(member, model, async (backend) => {
        const keep = activationsOf(graph);
        const [own, wanted] = [backend.prepare(graph, { keep }), plain.prepare(graph, { keep })];
        for (const each of [step, { tokens: Int32Array.of(7), pos: 3, nLogits: 0 }]) {
          await own.run(each);
          await wanted.run(each);
          for (const value of keep) {
            const came = Float32Array.from(await own.read(value));
            expect(errorOf(came, Float32Array.from(await wanted.read(value))), value.name).toBeLessThan(1e-3);
          }
        }
      });
    });

    test('reads results without being asked, and says what to do about other values', async () => {
      await withModel(member, model, async (backend) => {
        const program = backend.prepare(graph);
        await program.run(step);
        expect((await program.read(graph.logits)).length).toBe(2 * N_VOCAB);
        const read = (value: Value) => async () => program.read(value);
        await expect(read(inner)).rejects.toThrow(TypeError);
        await expect(read(inner)).rejects.toThrow(/rms_norm.1 was not kept.*prepare\(graph, \{ keep \}\)/);
        await expect(read(model.weights[0]!)).rejects.toThrow(/table is a weight/);
        expect(() => backend.prepare(graph, { keep: [smallModel(kvType).graph.logits] })).toThrow(TypeError);
      });
    });

    test('times every node, with the results of a run that is not taken apart', async () => {
      await withModel(member, model, async (backend) => {
        const works: NodeWork[] = [];
        const timed = backend.prepare(graph, { onNode: (work) => works.push(work) });
        await timed.run(step);
        const logits = Float32Array.from(await timed.read(graph.logits));
        timed.dispose();
        expect(new Set<Node>(works.flatMap(({ nodes }) => nodes))).toEqual(new Set(graph.nodes));
        for (const { ms, kernels } of works) expect([ms >= 0, kernels.length > 0]).toEqual([true, true]);
        const whole = backend.prepare(graph);
        await whole.run(step);
        expect(await whole.read(graph.logits)).toEqual(logits);
      });
    });
  });
}

function testStates(member: Member, cacheTypes: readonly KvType[]): void {
  test.each(cacheTypes)('gives a state back as it was written, whole or in part: %s', async (kvType) => {
    const model = smallModel(kvType);
    await withModel(member, model, async (backend) => {
      const program = backend.prepare(model.graph);
      for (const [i, state] of [model.cache.k, model.cache.v].entries()) {
        const rows = encodeRows(randomFloats(small.nCtx * 2 * HEAD_DIM, i), kvType);
        const rowBytes = rows.length / small.nCtx;
        await program.writeState(state, 0, rows.subarray(0, 37 * rowBytes)); // in the middle of a block of positions
        await program.writeState(state, 37, rows.subarray(37 * rowBytes));
        expect(await program.readState(state, 0, small.nCtx)).toEqual(rows);
        expect(await program.readState(state, 30, 39)).toEqual(rows.subarray(30 * rowBytes, 39 * rowBytes));
        expect((await program.readState(state, 5, 5)).length).toBe(0);
      }
    });
  });

  test('goes on from states that another program saved, and from a copy', async () => {
    const model = smallModel(cacheTypes[0]!);
    await withModel(member, model, async (backend) => {
      const { k, v } = model.cache;
      const next = { tokens: Int32Array.of(11, 12), pos: 3, nLogits: 1 };
      const first = backend.prepare(model.graph);
      await first.run(step);
      const saved = [await first.readState(k, 0, 3), await first.readState(v, 0, 3)];
      const copy = first.copyOf([k, v]);
      await copy.take();
      await first.run(next);
      const wanted = Float32Array.from(await first.read(model.graph.logits));
      for (const state of [k, v])
        await first.writeState(
          state,
          0,
          saved[0]!.map(() => 0),
        );
      await copy.restore();
      await first.run(next);
      expect(await first.read(model.graph.logits)).toEqual(wanted);
      first.dispose();
      const second = backend.prepare(model.graph);
      await second.writeState(k, 0, saved[0]!);
      await second.writeState(v, 0, saved[1]!);
      await second.run(next);
      expect(await second.read(model.graph.logits)).toEqual(wanted);
    });
  });
}

function testSteps(member: Member, kvType: KvType): void {
  test('refuses steps that do not fit, and programs that were disposed', async () => {
    const model = smallModel(kvType);
    await withModel(member, model, async (backend) => {
      const program = backend.prepare(model.graph);
      const run = (wrong: Step) => async () => program.run(wrong);
      for (const wrong of [
        { ...step, tokens: new Int32Array(0) },
        { ...step, tokens: new Int32Array(6) },
        { ...step, tokens: Int32Array.of(N_VOCAB) },
        { ...step, tokens: Int32Array.of(-1) },
        { ...step, pos: 62 },
        { ...step, pos: -1 },
        { ...step, nLogits: 3 },
        { ...step, nLogits: -1 },
      ]) {
        await expect(run(wrong)).rejects.toThrow(RangeError);
      }
      await program.run(step);
      program.dispose();
      program.dispose();
      await expect(run(step)).rejects.toThrow(TypeError);
    });
  });

  test('refuses a step that sees a position which a ring no longer holds', async () => {
    const ring = { nCtx: 200, maxTokens: 4, maxLogits: 1 };
    const model = smallModel(kvType, { ...ring, window: 20 }); // in a ring of 32
    await withModel(member, model, async (backend) => {
      const program = backend.prepare(model.graph);
      const run = async (pos: number) => program.run({ tokens: Int32Array.of(1, 2), pos, nLogits: 1 });
      for (let pos = 0; pos < 100; pos += 2) await run(pos); // holds 68 … 99
      await run(87); // sees 68 and on
      await expect(run(86)).rejects.toThrow(RangeError);
      await expect(run(110)).rejects.toThrow(/a step at 110 sees position 91, which a ring does not hold/);
    });
  });

  test('tells how far an upload is, and stops when it is asked to', async () => {
    const { weights, graph, files } = smallModel(kvType);
    const backend = await member.open({ weights, graph });
    const done: number[] = [];
    await backend.upload(weights, { read: readFrom(files), onProgress: (doneBytes) => done.push(doneBytes) });
    expect(done.at(-1)).toBe([...files.values()].reduce((sum, { length }) => sum + length, 0));
    const signal = AbortSignal.abort();
    await expect(backend.upload(weights, { read: readFrom(files), signal })).rejects.toThrow(/abort/i);
    await backend.dispose();
    await backend.dispose();
  });
}
