import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import { familyGoldens, largestGap } from './goldens.ts';
import { computers, expectSameBits, gapTable, readInAllWays, type Ways } from './matrix.ts';

allowRelaxedBuild();

/** Gemma 3n's many streams and its cut-off of small columns make rounding large: a forward pass in float64 is 0.002 away, too. */
const toleranceOf = (name: string): number => (name === 'gemma3n' ? 5e-3 : 1e-4);

const gapOf = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.flatMap((row, pos) => [...row].map((logit, i) => Math.abs(logit - b[pos]![i]!))));

const isNear = gapTable('largest difference from the logits of llama.cpp, read at once, in sevens, one by one, and restored');

describe.each(Object.entries(familyGoldens.models))('%s', (name, golden) => {
  const bytes = tinyModel(name);
  const tolerance = toleranceOf(name);
  const read = new Map<string, Ways>();

  it.each(Object.keys(computers))('has the logits of llama.cpp: %s', async (computer) => {
    const ways = await readInAllWays(bytes, tinyPrompt, computers[computer]!);
    read.set(computer, ways);
    const rows = ways['all at once']!;
    isNear(name, computer, largestGap(rows, golden.rows), tolerance);
    for (const [pos, row] of rows.entries()) {
      expect(Math.max(...row) - row[golden.best[pos]!]!).toBeLessThan(2 * tolerance);
    }
    expectSameBits(ways);
  });

  it('has the same bits by both builds, and the plain loops nearby', () => {
    const [plain, ...builds] = Object.keys(computers).map((computer) => read.get(computer)!['all at once']!);
    expect(builds[1]).toEqual(builds[0]);
    expect(gapOf(builds[0]!, plain!)).toBeLessThan(tolerance);
  });
});
