import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { computers, expectSameBits, gapTable, readInAllWays } from './matrix.ts';

allowRelaxedBuild();

/**
 * Tiny random models of each family with llama.cpp's own logits (v0.5.0, CPU, F32 cache). `transformers` made them and llama.cpp's
 * converter wrote them: they are spelled as real files are. The tiny models of test/helpers are spelled as thimble understood them.
 */
const folder = new URL('../../../shared/data/families/', import.meta.url);

/** File → largest difference allowed. llama.cpp's GELU comes from a table of 16-bit numbers. */
const tolerances: Readonly<Record<string, number>> = {
  llama: 1e-4,
  qwen3: 1e-4,
  gemma2: 5e-3,
  gemma3: 5e-3,
  gemma4: 3e-2, // the GELU's difference meets many layers; exact GELU in transformers is 7e-5 away from a forward pass in float64
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
  qwen3moe: 1e-4,
  gptoss: 1e-4,
  gemma4moe: 5e-3,
  lfm2: 1e-4,
  qwen35: 2e-4, // a forward pass in float64 is 7e-5 away
  falcon_h1: 1e-4,
  nemotron_h: 1e-4,
  lfm2moe: 1e-4,
  qwen35moe: 2e-4, // its states make rounding large: llama.cpp's own ways are 9e-5 apart
  granitehybrid: 1e-4,
  nemotron_h_moe: 1e-4,
};

const prompt = Array.from({ length: 24 }, (_, i) => ((i * 37 + 11) % 92) + 3);
const nVocab = 96;

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

/** Largest difference from what llama.cpp has, all at once or token by token. */
function gap(rows: readonly Float32Array[], name: string, how: 'all' | 'one'): number {
  const wanted = new Float32Array(file(`${name}.${how}.f32`).buffer); // [24, nVocab]
  expect(rows.length * rows[0]!.length).toBe(wanted.length);
  const gaps = rows.flatMap((row, pos) => [...row].map((logit, i) => Math.abs(logit - wanted[pos * nVocab + i]!)));
  return gaps.includes(NaN) ? NaN : Math.max(...gaps);
}

const isThere = existsSync(folder);
const title = `a converted model has the logits of llama.cpp${isThere ? '' : ' (skipped: no ../shared/data/families)'}`;

describe.skipIf(!isThere)(title, () => {
  const isNear = gapTable('largest difference from the logits of llama.cpp, of converted models');

  describe.each(Object.entries(tolerances))('%s', (name, tolerance) => {
    it.each(Object.keys(computers))('%s', async (computer) => {
      const ways = await readInAllWays(file(`${name}.gguf`), prompt, computers[computer]!);
      isNear(name, computer, gap(ways['all at once']!, name, 'all'), tolerance);
      expect(gap(ways['one by one']!, name, 'one')).toBeLessThan(tolerance);
      expectSameBits(ways);
    });
  });
});
