import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { mixtureConfigs, tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import { largestGap, mixtureGoldens } from './goldens.ts';
import { computers, expectSameBits, gapTable, readInAllWays } from './matrix.ts';

allowRelaxedBuild();

/** Weights of fewer bits meet activations of 15 bits on WASM. */
const toleranceOf = (name: string, computer: string): number =>
  computer === 'plain loops' || mixtureConfigs[name]!.encoding('blk.0.ffn_down_exps.weight') === 'f32' ? 1e-4 : 5e-3;

const isNear = gapTable('largest difference from the logits of llama.cpp, of mixtures of experts');

describe.each(Object.entries(mixtureGoldens.models))('%s', (name, golden) => {
  it.each(Object.keys(computers))('has the logits of llama.cpp: %s', async (computer) => {
    const ways = await readInAllWays(tinyModel(name), tinyPrompt, computers[computer]!);
    const rows = ways['all at once']!;
    const tolerance = toleranceOf(name, computer);
    isNear(name, computer, largestGap(rows, golden.rows), tolerance);
    for (const [pos, row] of rows.entries()) expect(Math.max(...row) - row[golden.best[pos]!]!).toBeLessThan(2 * tolerance);
    expectSameBits(ways);
  });
});
