import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { allLogits, openBytes, reference } from '../helpers/open.ts';

/**
 * Tiny random models of each family with llama.cpp's own logits (its release of 2026-09-28, CPU, F32 cache), which
 * `transformers` made and llama.cpp's converter wrote: nothing of thimble had a hand in them.
 */
const folder = new URL('../../../shared/data/families/', import.meta.url);

/** File → largest difference allowed. llama.cpp's GELU comes from a table of 16-bit numbers. */
const tolerances: Readonly<Record<string, number>> = {
  llama: 1e-4,
  qwen3: 1e-4,
  gemma2: 5e-3,
  gemma3: 5e-3,
  smollm3: 1e-4,
  phi3: 1e-4,
  ministral3: 1e-4,
  granite: 1e-4,
  granite_swa: 1e-4,
  olmo2: 1e-4,
  exaone4: 1e-4,
  hunyuan: 1e-4,
  ernie4_5: 1e-4,
  glm4: 1e-4,
};

const prompt = Array.from({ length: 24 }, (_, i) => ((i * 37 + 11) % 92) + 3);
const nVocab = 96;

const wasm =
  (build: 'simd' | 'relaxed'): BackendFactory =>
  ({ weights, graph, options: { threads } }) =>
    createWasmBackend({ weights, graph, maxSessions: 2, threads, build, host: nodeHost() });

/** `[24 * nVocab]`, as llama.cpp has it: all at once, or token by token. */
const golden = (name: string, how: 'all' | 'one'): Float32Array =>
  new Float32Array(new Uint8Array(readFileSync(new URL(`${name}.${how}.f32`, folder))).buffer);

async function logits(name: string, options: OpenOptions, factory: BackendFactory): Promise<Float32Array> {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.gguf`, folder)));
  const model = await openBytes(bytes, { kvType: 'f32', nCtx: 256, threads: 1, ...options }, factory);
  try {
    const rows = await allLogits(model, prompt);
    return Float32Array.from(rows.flatMap((row) => [...row]));
  } finally {
    await model.close();
  }
}

const largestGap = (a: Float32Array, b: Float32Array): number =>
  a.reduce((gap, x, i) => (Math.abs(x - b[i]!) <= gap ? gap : Math.abs(x - b[i]!)), 0);

const steps = { 'all at once': 24, 'five by five': 5, 'token by token': 1 } as const;

describe.skipIf(!existsSync(folder))('a tiny model of each family has the logits of llama.cpp', () => {
  describe.each(Object.entries(tolerances))('%s', (name, tolerance) => {
    it.each(Object.entries(steps))('with plain loops, %s', async (_how, maxLogits) => {
      const came = await logits(name, { maxLogits }, reference);
      expect(came.length).toBe(prompt.length * nVocab);
      expect(largestGap(came, golden(name, maxLogits === 1 ? 'one' : 'all'))).toBeLessThan(tolerance);
    });

    it.each(['simd', 'relaxed'] as const)('on WASM, %s build, the same to the bit however it is cut', async (build) => {
      const came = await logits(name, { maxLogits: 24 }, wasm(build));
      expect(largestGap(came, golden(name, 'all'))).toBeLessThan(tolerance);
      for (const options of [{ maxLogits: 5, threads: 2 }, { maxLogits: 1 }]) {
        expect(await logits(name, options, wasm(build))).toEqual(came);
      }
    });
  });
});
