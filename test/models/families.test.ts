import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import { familyGoldens, largestGap } from './goldens.ts';
import { builds, logitsOf, wasm } from './steps.ts';

allowRelaxedBuild();

/**
 * llama.cpp's GELU comes from a table of 16-bit numbers. Gemma 3n's many layers make that difference large: a forward pass in float64 with
 * exact GELU is 0.002 away from the plain loops, and 0.3 from llama.cpp.
 */
const tolerances: Readonly<Record<string, number>> = { gemma: 5e-3, gemma2: 5e-3, gemma3: 5e-3, gemma4: 3e-2, gemma3n: 0.5 };
const toleranceOf = (name: string): number => tolerances[name] ?? 1e-4;

const gapOf = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.flatMap((row, pos) => [...row].map((logit, i) => Math.abs(logit - b[pos]![i]!))));

describe.each(Object.entries(familyGoldens.models))('%s', (name, golden) => {
  const bytes = tinyModel(name);

  it('computes the logits of llama.cpp with plain loops, however a prompt is cut into steps', async () => {
    const rows = await logitsOf(bytes, tinyPrompt, { maxLogits: 48 });
    expect(largestGap(rows, golden.rows)).toBeLessThan(toleranceOf(name));
    for (const [pos, row] of rows.entries()) {
      expect(Math.max(...row) - row[golden.best[pos]!]!).toBeLessThan(2 * toleranceOf(name));
    }
    for (const maxLogits of [1, 7]) expect(await logitsOf(bytes, tinyPrompt, { maxLogits })).toEqual(rows);
  });

  it('computes them on WASM, with the same bits for any build, steps and threads', async () => {
    const rows = await logitsOf(bytes, tinyPrompt, { maxLogits: 48 }, wasm('simd'));
    expect(largestGap(rows, golden.rows)).toBeLessThan(toleranceOf(name));
    expect(gapOf(rows, await logitsOf(bytes, tinyPrompt, { maxLogits: 48 }))).toBeLessThan(toleranceOf(name) > 0.1 ? 1e-2 : 1e-4);
    for (const build of builds) {
      expect(await logitsOf(bytes, tinyPrompt, { maxLogits: 1 }, wasm(build))).toEqual(rows);
      expect(await logitsOf(bytes, tinyPrompt, { maxLogits: 7, threads: 3 }, wasm(build))).toEqual(rows);
    }
  });
});
