import { describe, expect, it } from 'vitest';
import { addRow, emptyDifference } from '../../../bench/lib/rows_difference.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { reference } from '../../helpers/open.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { familyGoldens, tinyGoldens } from '../../models/goldens.ts';
import { readInAllWays } from '../../models/matrix.ts';
import { logitsOf } from '../../models/steps.ts';
import { floor, loadsOn } from './support.ts';

/** Tiny models of every family and type: the logits of a GPU beside those of plain loops. */

const { gpu, absent } = await findDawn();
const names = [tinyGoldens, familyGoldens].flatMap(({ models }) => Object.keys(models));
const devices = { 'all features': undefined, 'none, at the smallest limits': floor };

/** The largest Kullback-Leibler divergence of a token's row, in nats. */
function divergence(came: readonly Float32Array[], wanted: readonly Float32Array[]): number {
  const total = emptyDifference();
  expect(came.length).toBe(wanted.length);
  came.forEach((row, i) => addRow(total, row, wanted[i]!, 0));
  return Math.max(...total.kl);
}

describe.skipIf(absent).each(names)('%s on a GPU', (name) => {
  const bytes = absent ? new Uint8Array(0) : tinyModel(name);
  const wanted = (): Promise<Float32Array[]> =>
    logitsOf(bytes, tinyPrompt, { maxLogits: tinyPrompt.length }, reference);

  it.each(Object.entries(devices))('has the logits of plain loops however it is read, with %s', async (_, device) => {
    const ways = await readInAllWays(bytes, tinyPrompt, { factory: loadsOn(gpu!, device), threads: 1 });
    for (const [way, rows] of Object.entries(ways)) expect(divergence(rows, await wanted()), way).toBeLessThan(1e-4);
  });
});
