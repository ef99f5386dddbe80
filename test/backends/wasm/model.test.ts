import { describe, expect, test } from 'vitest';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { kvTypes } from '../../../src/graph/layer_state.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import type { OpenOptions } from '../../../src/protocol/open.ts';
import { allLogits, openBytes } from '../../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { nodeHost } from './support.ts';

const wasm: BackendFactory = ({ weights, graph, options: { threads, build, activations } }) =>
  createWasmBackend({ weights, graph, maxSessions: 2, threads, build, activations, host: nodeHost() });

/** `[nTokens * nVocab]`; `maxLogits` is how many tokens go into a step. */
async function logits(name: string, options: OpenOptions, factory?: BackendFactory): Promise<Float32Array> {
  const model = await openBytes(tinyModel(name), { maxLogits: tinyPrompt.length, threads: 1, ...options }, factory);
  try {
    const rows = await allLogits(model, tinyPrompt);
    const all = new Float32Array(rows.length * rows[0]!.length);
    rows.forEach((row, i) => all.set(row, i * row.length));
    return all;
  } finally {
    await model.close();
  }
}

const rms = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
const difference = (a: Float32Array, b: Float32Array): number => rms(a.map((x, i) => x - b[i]!)) / rms(b);

describe('a whole model', () => {
  // Root mean square of the difference, relative to the logits'. All but f32 weights multiply activations of 15 bits.
  const models: Record<string, number> = {
    llama: 1e-5,
    qwen2: 1e-5,
    'llama-f16': 1e-3,
    'llama-q8_0': 1e-3,
    'llama-q4_0': 1e-3,
    'llama-q4_k_m': 1e-3,
  };
  for (const [name, tolerance] of Object.entries(models)) {
    test(`gives the logits of the plain loops: ${name}, within ${tolerance}`, async () => {
      const kvType = 'f32';
      const came = await logits(name, { kvType, build: 'simd' }, wasm);
      expect(difference(came, await logits(name, { kvType }))).toBeLessThan(tolerance);
    });
  }
});

test.each(['llama-q8_0', 'llama-q4_0', 'llama-q4_k_m'])(
  'fast activations cost some accuracy, not much: %s',
  async (name) => {
    const kvType = 'f32';
    const exact = await logits(name, { kvType });
    const fast = await logits(name, { kvType, build: 'simd', activations: 'fast' }, wasm);
    const cost = difference(fast, exact);
    expect(cost).toBeGreaterThan(2e-3);
    expect(cost).toBeLessThan(0.05);
  },
);

test('weights that are not quantised have the same products with either kind of activations', async () => {
  const exact = await logits('llama-f16', {}, wasm);
  expect(await logits('llama-f16', { activations: 'fast' }, wasm)).toEqual(exact);
});

test('a q8_0 cache costs no more accuracy than its definition says', async () => {
  const kvType = 'q8_0';
  const exact = await logits('llama-wide-heads', { kvType: 'f32' });
  const defined = await logits('llama-wide-heads', { kvType });
  const came = await logits('llama-wide-heads', { kvType, build: 'simd' }, wasm);
  const cost = difference(defined, exact);
  expect(cost).toBeLessThan(0.02);
  expect(difference(came, exact)).toBeLessThan(1.1 * cost);
});

test.each(kvTypes)('a saved session goes on to the bit, also on another backend: %s', async (kvType) => {
  const options = { kvType, threads: 1, nCtx: 64 };
  const model = await openBytes(tinyModel('llama-wide-heads'), options, wasm);
  const plain = await openBytes(tinyModel('llama-wide-heads'), options);
  const next = async (session: ReturnType<typeof model.openSession>, tokens: readonly number[]) =>
    Float32Array.from((await session.readOn(Int32Array.from(tokens)))!);
  const whole = model.openSession();
  const prompt = tinyPrompt.slice(0, 39);
  const wanted = await next(whole, prompt);
  whole.truncate(31); // in the middle of a block of four positions
  const bytes = await whole.save();
  const other = model.openSession();
  await other.restore(bytes);
  expect(await next(other, prompt)).toEqual(wanted);
  const elsewhere = plain.openSession();
  await elsewhere.restore(bytes);
  expect(await elsewhere.save()).toEqual(bytes);
  await model.close();
  await plain.close();
});

describe('logits have the same bits', () => {
  for (const [name, kvType, activations] of [
    ['llama-q4_0', 'f16', 'exact'],
    ['llama-q4_0', 'f32', 'exact'],
    ['llama-q4_0', 'f16', 'fast'],
    ['llama-q4_k_m', 'q8_0', 'exact'], // blocks of q8_0 do not fit into the narrow heads of the others
    ['llama-q4_k_m', 'q8_0', 'fast'],
    ['llama-f16', 'f16', 'exact'],
  ] as const) {
    const options = { kvType, activations };
    test(`for 1, 2, 3 and 7 threads, ${name} with an ${kvType} cache, ${activations} activations`, async () => {
      const one = await logits(name, options, wasm);
      for (const threads of [2, 3, 7]) expect(await logits(name, { ...options, threads }, wasm)).toEqual(one);
    });

    test(`however the tokens are batched, ${name} with an ${kvType} cache, ${activations} activations`, async () => {
      const together = await logits(name, options, wasm);
      for (const maxLogits of [1, 3, 20]) {
        expect(await logits(name, { ...options, maxLogits }, wasm)).toEqual(together);
      }
    });
  }
});

test('sessions of one model do not disturb each other', async () => {
  const model = await openBytes(tinyModel('llama-q4_0'), { threads: 1 }, wasm);
  const [a, b] = [model.openSession(), model.openSession()];
  const generate = async (session: typeof a, prompt: readonly number[]) => {
    const events = session.generate(prompt, { maxTokens: 8, temperature: 0, ignoreEos: true });
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value.tokens;
    }
  };
  const alone = await generate(a, tinyPrompt);
  await generate(b, tinyPrompt.slice(5));
  a.truncate(0);
  expect(await generate(a, tinyPrompt)).toEqual(alone);
  await model.close();
});
