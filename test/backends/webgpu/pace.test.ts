import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Pace, Slices } from '../../../src/backends/webgpu/pace.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import type { Backend, Program } from '../../../src/backends/backend.ts';
import { lower } from '../../../src/backends/webgpu/lower.ts';
import { isMade } from '../../../src/backends/webgpu/ready_calls.ts';
import { choosePlain } from '../../../src/backends/webgpu/variants.ts';
import { Timeline } from '../../../src/engine/timeline.ts';
import { weight, type Step } from '../../../src/graph/graph.ts';
import { kvCache, type KvCache } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { encodeRows, errorOf, randomFloats } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';

const N_VOCAB = 60;
const DIM = 64;
const N_LAYERS = 6;
const limits = { nCtx: 256, maxTokens: 96, maxLogits: 1 };

/** Layers of attention and a product. */
function model() {
  const quant = quantByName.get('f32')!;
  const table = weight({ name: 'table', quant, shape: [N_VOCAB, DIM] });
  const mix = weight({ name: 'mix', quant, shape: [DIM, DIM] });
  const g = new Recorder(limits);
  const states: KvCache[] = [];
  let x = g.embed(table);
  for (let l = 0; l < N_LAYERS; l++) {
    const cache = kvCache(l, { nKvHeads: 2, headDim: 32 }, { ...limits, kvType: 'f16' });
    states.push(cache);
    x = g.add(x, g.matmul(mix, g.attention(x, x, x, cache, { headDim: 32, scale: 0.2 })));
  }
  const files = new Map(
    [table, mix].map((w, i) => [w.name, encodeRows(randomFloats(w.shape[0]! * DIM, i, 0.5), 'f32')]),
  );
  return { graph: g.finish(g.matmul(table, g.lastRows(x))), weights: [table, mix], states, files };
}

const { graph, weights, states, files } = model();
const stepOf = (nTokens: number, pos = 0): Step => ({
  tokens: Int32Array.from({ length: nTokens }, (_, t) => (7 * t + pos) % N_VOCAB),
  pos,
  nLogits: 1,
});

describe('slices of a step', () => {
  const { calls } = lower(graph, { threads: 64, bindingBytes: 2 ** 27, choose: choosePlain });
  const slices = new Slices(calls, graph);

  test('follow each other, have a call at least, and no more work than they may', () => {
    for (const most of [0, 1e7, Infinity]) {
      let nSlices = 0;
      for (let begin = 0, end = 0; begin < calls.length; begin = end, nSlices++) {
        end = slices.end(begin, 96, most);
        expect(slices.work(begin, end, 96)).toBeGreaterThan(0);
        const nMade = calls.slice(begin, end).filter((call) => isMade(call, 96)).length;
        if (nMade > 1) expect(slices.work(begin, end, 96)).toBeLessThanOrEqual(most);
      }
      expect(nSlices > 20).toBe(most === 0);
      expect(nSlices === 1).toBe(most === Infinity);
    }
  });

  test('have the work of the step together', () => {
    const taken = new Set(
      calls.filter(({ from = 1, to = Infinity }) => from <= 96 && to >= 96).map(({ node }) => node),
    );
    const tokens = new Int32Array(96);
    const flops = [...taken].map((node) => node.op.cost(node, { tokens, pos: 0, nLogits: 0 }).flops);
    const whole = slices.work(0, calls.length, 96);
    expect(whole).toBeGreaterThan(flops.reduce((sum, n) => sum + n, 0));
    expect(slices.work(0, calls.length, 48)).toBeCloseTo(whole / 2, 0);
  });

  test('get larger on a fast device, and smaller on a slow one', () => {
    const pace = new Pace();
    const first = pace.mostWork;
    pace.took(first, 0.1);
    expect(pace.mostWork).toBe(4 * first);
    pace.took(4 * first, 100);
    expect(pace.mostWork).toBeCloseTo(first, 0); // 25 ms
    pace.took(first, 1000);
    expect(pace.mostWork).toBeCloseTo(first / 40, 0);
    pace.took(0, 1);
    expect(pace.mostWork).toBeCloseTo(first / 40, 0); // nothing was done, which says nothing
  });
});

const { gpu } = await findDawn();

describe.skipIf(!gpu)('a long step', () => {
  let backend: Backend;
  let program: Program;
  const mostWork = vi.spyOn(Pace.prototype, 'mostWork', 'get');
  let nSubmits = 0;
  let onSubmit: (() => unknown) | undefined;

  beforeAll(async () => {
    const { prototype } = GPUQueue;
    const { submit } = prototype;
    vi.spyOn(prototype, 'submit').mockImplementation(function (this: GPUQueue, buffers) {
      nSubmits++;
      onSubmit?.();
      return submit.call(this, buffers);
    });
    backend = await createWebgpuBackend({ gpu: gpu!, graph, weights, checks: false });
    await backend.upload(weights, {
      read: async ({ name }, at, into) => into.set(files.get(name)!.subarray(at, at + into.length)),
    });
    program = backend.prepare(graph);
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await backend?.dispose();
  });

  async function logitsOf(step: Step, most: number, signal?: AbortSignal): Promise<Float32Array> {
    mostWork.mockReturnValue(most);
    nSubmits = 0;
    await program.run(step, signal);
    return Float32Array.from(await program.read(graph.logits));
  }

  test('goes in slices, with the same result', async () => {
    const whole = await logitsOf(stepOf(90), Infinity);
    expect(nSubmits).toBe(1);
    expect(await logitsOf(stepOf(90), 1e6)).toEqual(whole);
    expect(nSubmits).toBeGreaterThan(5);
    await logitsOf(stepOf(1, 90), 0);
    expect(nSubmits).toBe(1); // a step of one token
  });

  test('stops between slices when it is asked to, and the next one is right', async () => {
    const wanted = await logitsOf(stepOf(90), Infinity);
    const controller = new AbortController();
    onSubmit = () => nSubmits === 3 && controller.abort(new Error('enough'));
    await expect(logitsOf(stepOf(90), 1e6, controller.signal)).rejects.toThrow('enough');
    expect(nSubmits).toBe(3);
    onSubmit = undefined;
    expect(await logitsOf(stepOf(90), Infinity)).toEqual(wanted);
  });

  test('that was stopped is no part of a text', async () => {
    const text = stepOf(90).tokens;
    const wanted = await new Timeline(graph, states, program).readTowards(text);
    const timeline = new Timeline(graph, states, backend.prepare(graph));
    mostWork.mockReturnValue(1e6);
    await timeline.readTowards(text.subarray(0, 20));
    const controller = new AbortController();
    nSubmits = 0;
    onSubmit = () => nSubmits === 3 && controller.abort(new Error('enough'));
    await expect(timeline.readTowards(text, { signal: controller.signal })).rejects.toThrow('enough');
    onSubmit = undefined;
    expect(timeline.length).toBe(20);
    expect(errorOf((await timeline.readTowards(text))!, wanted!)).toBeLessThan(2e-3); // cut in another place
  });
});
