import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createSizes } from '../../../src/backends/wasm/kernels.ts';
import { planProgram, type ProgramPlan } from '../../../src/backends/wasm/plan.ts';
import type { KernelCall, Slot } from '../../../src/backends/wasm/lower.ts';
import { weight, type Graph } from '../../../src/graph/graph.ts';
import { kvCache, rowsState } from '../../../src/graph/layer_state.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { causalConv } from '../../../src/ops/causal_conv.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { root } from './support.ts';

const sizes = createSizes([new WebAssembly.Module(readFileSync(`${root}/dist/thimble.simd.wasm`))], true);

const dim = 64;
const matrix = (name: string, rows = dim, cols = dim, quant = 'q4_0') =>
  weight({ name, quant: quantByName.get(quant)!, shape: [rows, cols] });
const vector = (name: string) => weight({ name, quant: quantByName.get('f32')!, shape: [dim] });

/** Two layers of a llama, as a model file records them. */
function llama(): Graph {
  const g = new Recorder({ nCtx: 128, maxTokens: 16, maxLogits: 2 });
  const angles = g.ropeAngles({ ropeDim: 16, base: 10000, scaling: { type: 'none' } });
  const head = { headDim: 16, style: 'norm' } as const;
  let x = g.embed(matrix('embed', 256));
  for (let l = 0; l < 2; l++) {
    const cache = kvCache(l, { nKvHeads: dim / 16, headDim: 16 }, { ...g.limits, kvType: 'f16' });
    const h = g.rmsNorm(x, vector(`an${l}`), 1e-5);
    const q = g.rope(g.matmul(matrix(`wq${l}`), h), angles, head);
    const k = g.rope(g.matmul(matrix(`wk${l}`), h), angles, head);
    const v = g.matmul(matrix(`wv${l}`), h);
    x = g.add(x, g.matmul(matrix(`wo${l}`), g.attention(q, k, v, cache, { headDim: 16, scale: 0.25 })));
    const f = g.rmsNorm(x, vector(`fn${l}`), 1e-5);
    const gated = g.swiglu(g.matmul(matrix(`gate${l}`, 192), f), g.matmul(matrix(`up${l}`, 192), f));
    x = g.add(x, g.matmul(matrix(`down${l}`, dim, 192), gated));
  }
  return g.finish(g.matmul(matrix('embed', 256), g.rmsNorm(g.lastRows(x), vector('norm'), 1e-5)));
}

const plan = planProgram(llama(), sizes, { activations: 'exact' });
const byRows = (call: KernelCall) => !sizes.hasKernel(`${call.op}_items`);

/** Where a slot lies; only activations share memory. */
function rangeOf({ activations }: ProgramPlan, slot: Slot): { area: string; begin: number; end: number } {
  const begin = activations.get(slot);
  if (begin === undefined) return { area: slot.name, begin: 0, end: slot.bytes };
  return { area: 'activations', begin, end: begin + slot.bytes };
}

describe('a schedule', () => {
  test('never lets two calls without a barrier between them touch the same bytes, unless one thread does both row by row', () => {
    const placed = plan.fused.flatMap(({ calls, phase }) => calls.map((call) => ({ call, phase })));
    let pairs = 0;
    for (const [i, later] of placed.entries()) {
      for (const earlier of placed.slice(0, i)) {
        if (earlier.phase !== later.phase) continue;
        if (byRows(earlier.call) && byRows(later.call) && earlier.call.rows === later.call.rows) continue;
        pairs++;
        const accesses = (call: KernelCall) => [
          ...call.outs.map((slot) => ({ writes: true, ...rangeOf(plan, slot) })),
          ...call.inputs
            .filter((slot) => slot !== undefined)
            .map((slot) => ({ writes: false, ...rangeOf(plan, slot) })),
        ];
        for (const a of accesses(earlier.call)) {
          for (const b of accesses(later.call)) {
            const overlap = a.area === b.area && a.begin < b.end && b.begin < a.end;
            expect(overlap && (a.writes || b.writes), `${earlier.call.op} and ${later.call.op}`).toBe(false);
          }
        }
      }
    }
    expect(pairs).toBeGreaterThan(5);
  });

  test('runs every call after those whose results it reads', () => {
    const written = new Set<Slot>();
    for (const { calls } of plan.fused) {
      for (const { inputs, outs } of calls) {
        for (const slot of inputs) if (slot?.role === 'activation') expect(written.has(slot)).toBe(true);
        for (const slot of outs) written.add(slot);
      }
    }
  });

  test('gives one phase to products of the same input, and quantises it once', () => {
    const kinds = plan.fused.map(({ calls, phase }) => `${phase} ${calls.map(({ kernel }) => kernel).join(' ')}`);
    expect(kinds.slice(0, 12)).toEqual([
      '0 rope_angles embed_q4_0 rms_norm quantize_activations_32',
      '1 matmul_q4_0',
      '1 matmul_q4_0',
      '1 matmul_q4_0',
      '2 rope rope kv_store_f16 kv_store_f16',
      '3 attention_f16',
      '4 attention_join quantize_activations_32',
      '5 matmul_q4_0',
      '6 add rms_norm quantize_activations_32',
      '7 matmul_q4_0',
      '7 matmul_q4_0',
      '8 swiglu quantize_activations_32',
    ]);
  });

  test('quantises an input once for each form that its products want', () => {
    const g = new Recorder({ nCtx: 16, maxTokens: 16, maxLogits: 2 });
    const x = g.embed(matrix('embed', 256, dim, 'f32'));
    const products = ['q4_0', 'q8_0', 'f16', 'bf16', 'f32'].map((quant) => g.matmul(matrix(quant, dim, dim, quant), x));
    const mixed = planProgram(g.finish(products.at(-1)!), sizes, { activations: 'exact' });
    const groups = mixed.fused.map(({ calls }) => calls.map(({ kernel }) => kernel).join(' '));
    expect(groups[0]).toBe('embed_f32 quantize_activations_32 quantize_activations_i16');
    const operands = mixed.fused.slice(1).map(({ calls }) => `${calls[0]!.kernel} × ${calls[0]!.inputs[1]!.name}`);
    const [digits, words] = [`${x.name}.quantize_activations_32`, `${x.name}.quantize_activations_i16`];
    expect(operands).toEqual([
      `matmul_q4_0 × ${digits}`,
      `matmul_q8_0 × ${digits}`,
      `matmul_f16 × ${words}`,
      `matmul_bf16 × ${words}`,
      `matmul_f32 × ${x.name}`,
    ]);
  });

  test('lets a call that changes a state finish before another one looks at it', () => {
    const g = new Recorder({ nCtx: 16, maxTokens: 16, maxLogits: 2 });
    const { rows } = rowsState(0, 2, dim);
    const x = g.embed(matrix('embed', 256));
    for (let i = 0; i < 2; i++) g.node(causalConv, [x, matrix('taps', dim, 3, 'f32'), rows], { silu: 0 });
    const byColumns = { ...sizes, hasKernel: (name: string) => name === 'causal_conv_items' || sizes.hasKernel(name) };
    const { fused } = planProgram(g.finish(x), byColumns, { activations: 'exact' });
    expect(fused.map(({ calls, phase }) => `${phase} ${calls[0]!.op}`)).toEqual([
      '0 embed',
      '1 causal_conv',
      '2 causal_conv',
    ]);
  });

  test('uses the memory of activations again, except that of results', () => {
    const alone = [...plan.activations.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(plan.activationBytes).toBeLessThan(alone / 2);
    const logits = plan.slots.get(plan.graph.logits)!;
    expect(plan.lifetimes.get(logits)!.last).toBe(Infinity);
  });
});
