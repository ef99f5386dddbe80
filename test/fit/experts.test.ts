import { beforeAll, expect, it } from 'vitest';
import { sum } from '../../src/base/numbers.ts';
import { tellFiles } from '../../src/engine/files.ts';
import { fitOf } from '../../src/engine/fit.ts';
import { planMemoryOf } from '../../src/engine/memory_needed.ts';
import { stepCosts } from '../../src/engine/step_costs.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const kernels = ['simd', 'simd.more', 'relaxed', 'relaxed.more'].map((name) => `thimble.${name}`);
beforeAll(() =>
  tellFiles(
    Object.fromEntries(kernels.map((name) => [name, new URL(`../../dist/${name}.wasm`, import.meta.url).href])),
  ),
);

const openSibling = () => Promise.reject(new Error('one file only'));
const fileOf = (name: string) => openGguf(memorySource(tinyModel(name)), { openSibling });

const nLayers = 3;
const [nExperts, nUsed] = [8, 3];
/** Three matrices of 64 × 64 weights, in 17 bytes for 32 of them. */
const expertBytes = (3 * 64 * 64 * 17) / 32;

it('a mixture of experts takes the memory of all experts, and for a token the time of those that are chosen', async () => {
  const planner = await planMemoryOf(await fileOf('gpt-oss-mxfp4'));
  const { weightBytes } = planner.memoryNeeded({ threads: 1, maxSessions: 1 });
  expect(weightBytes).toBeGreaterThan(nLayers * nExperts * expertBytes);
  expect(weightBytes).toBeLessThan(1.5 * nLayers * nExperts * expertBytes + 200_000); // attention and tables
  const step = { tokens: Int32Array.of(0), pos: 0, nLogits: 1 };
  const { matVecs, rowBytes } = stepCosts(planner.planStep({ threads: 1, maxSessions: 1 }), step);
  const ofExperts = matVecs.filter(({ type }) => type === 'mxfp4');
  expect(ofExperts).toHaveLength(3 * nLayers);
  expect(sum(ofExperts.map(({ bytes }) => bytes))).toBe(nLayers * nUsed * expertBytes);
  expect(sum(ofExperts.map(({ rows }) => rows))).toBe(nLayers * nUsed * 3 * 64);
  expect(rowBytes).toBeLessThan(200_000);
});

it.each(['gpt-oss', 'gemma4-experts', 'nemotron_h_moe'])(
  'a file of smaller types is named where that fits: %s',
  async (name) => {
    const whole = await planMemoryOf(await fileOf(name));
    const least = await whole.withTypes((tensor) => tensor.quant);
    const { totalBytes, weightBytes } = least.memoryNeeded({ threads: 1, maxSessions: 1, nCtx: 128 });
    const device = { allowedBytes: totalBytes + 40e6 + 272 * 150 - Math.round(weightBytes / 4), said: 'that there is' };
    const fit = await fitOf(await fileOf(name), {
      options: { threads: 1, maxSessions: 1, nCtx: 128 },
      device,
      speed: undefined,
    });
    expect(fit.verdict).toBe('no');
    expect(fit.remedy).toMatch(/take a \w+ file of it/);
  },
);
