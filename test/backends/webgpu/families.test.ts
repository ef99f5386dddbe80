import { describe, expect, it } from 'vitest';
import { addRow, emptyDifference } from '../../../bench/lib/rows_difference.ts';
import type { DeviceOptions } from '../../../src/backends/webgpu/device.ts';
import type { LoadedModel } from '../../../src/engine/load_model.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { openBytes, rowsOfLogits } from '../../helpers/open.ts';
import { tinyModel, tinyPrompt, windowConfigs, windowPrompt } from '../../helpers/tiny_models.ts';
import { familyGoldens, mixtureGoldens, tinyGoldens } from '../../models/goldens.ts';
import { floor, loadsOn } from './support.ts';

/** Tiny models of every family, with windows and without: the logits of a GPU beside those of plain loops. */

const { gpu, absent } = await findDawn();
/** Types of weights that few have: no GPU kernel reads them. */
const isRare = (name: string): boolean => /-iq[123]_|-nvfp4|-t?q[12]_0/.test(name);
const families = [tinyGoldens, familyGoldens, mixtureGoldens]
  .flatMap(({ models }) => Object.keys(models))
  .filter((name) => !isRare(name))
  .map((name) => [name, tinyPrompt] as const);
const windows = Object.keys(windowConfigs).map((name) => [name, windowPrompt] as const);

/** What a text comes to, read in one go, and in two halves by models of their own: the second one gets what the first one saved. */
async function readInHalves(first: LoadedModel, second: LoadedModel, text: readonly number[]): Promise<Float32Array[]> {
  const half = text.length >> 1;
  const { nVocab } = first.tokenizer;
  const [a, b] = [first.openSession(), second.openSession()];
  const rows = await rowsOfLogits(a.logits(text.slice(0, half)), nVocab);
  await b.restore(await a.save());
  const next = text.slice(half, half + 6);
  for (const token of next) rows.push(...(await rowsOfLogits(b.logitsBehind([token]), nVocab)));
  rows.push(...(await rowsOfLogits(b.logitsBehind(text.slice(half + next.length)), nVocab)));
  a.close();
  b.close();
  return rows;
}

/** The largest Kullback-Leibler divergence of a token's row, in nats. */
function divergence(came: readonly Float32Array[], wanted: readonly Float32Array[]): number {
  expect(came.length).toBe(wanted.length);
  const total = emptyDifference();
  came.forEach((row, i) => addRow(total, row, wanted[i]!, 0));
  return Math.max(...total.kl);
}

async function expectSame(name: string, text: readonly number[], device?: DeviceOptions): Promise<void> {
  const options = { kvType: 'f32', nCtx: 256, maxLogits: text.length > 128 ? 1 : text.length } as const;
  const plain = await openBytes(tinyModel(name), options);
  const model = await openBytes(tinyModel(name), options, loadsOn(gpu!, device));
  try {
    const wanted = await readInHalves(plain, plain, text);
    for (const [first, second] of [
      [model, model],
      [plain, model],
      [model, plain],
    ] as const) {
      const most = divergence(await readInHalves(first, second, text), wanted);
      expect(most, `${first.info.backend}, then ${second.info.backend}`).toBeLessThan(1e-4);
    }
  } finally {
    await model.close();
  }
}

describe.skipIf(absent)('the logits of plain loops, before a session is saved and behind, here or there', () => {
  it.each([...families, ...windows])('%s', { timeout: 240_000 }, (name, text) => expectSame(name, text));
});

describe.skipIf(absent)('the same on a device without optional features, at the smallest limits', () => {
  it.each(['llama', 'gemma3n', 'gemma4', 'bitnet', 'llama-q4_k_m'])('%s', { timeout: 240_000 }, (name) =>
    expectSame(name, tinyPrompt, floor),
  );
});
