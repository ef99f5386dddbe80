import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import { familyGoldens, largestGap } from './goldens.ts';
import { builds, logitsOf, wasm } from './steps.ts';

allowRelaxedBuild();

/** llama.cpp's GELU comes from a table of 16-bit numbers; its F32 variants are up to 2e-5 apart. */
const toleranceOf = (name: string): number => (name.startsWith('gemma') ? 5e-3 : 1e-4);

describe.each(Object.entries(familyGoldens.models))('%s', (name, golden) => {
  const bytes = tinyModel(name);

  it('computes the logits of llama.cpp with plain loops, however a prompt is cut into steps', async () => {
    const rows = await logitsOf(bytes, tinyPrompt, { maxLogits: 48 });
    expect(largestGap(rows, golden.rows)).toBeLessThan(toleranceOf(name));
    expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual(golden.best);
    for (const maxLogits of [1, 7]) expect(await logitsOf(bytes, tinyPrompt, { maxLogits })).toEqual(rows);
  });

  it('computes them on WASM, with the same bits for any build, steps and threads', async () => {
    const rows = await logitsOf(bytes, tinyPrompt, { maxLogits: 48 }, wasm('simd'));
    expect(largestGap(rows, golden.rows)).toBeLessThan(toleranceOf(name));
    for (const build of builds) {
      expect(await logitsOf(bytes, tinyPrompt, { maxLogits: 1 }, wasm(build))).toEqual(rows);
      expect(await logitsOf(bytes, tinyPrompt, { maxLogits: 7, threads: 3 }, wasm(build))).toEqual(rows);
    }
  });
});
