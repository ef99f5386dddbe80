import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { adapterCases, type AdapterCase } from '../helpers/adapter_cases.ts';
import { allLogits, openAdapted, reference } from '../helpers/open.ts';
import { mergedModel, tinyLora, tinyVector } from '../helpers/tiny_adapters.ts';
import { tinyModel, tinyPrompt } from '../helpers/tiny_models.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { largestGap, type TinyGolden } from './goldens.ts';
import { builds, logitsOf, wasm } from './steps.ts';

allowRelaxedBuild();

/** llama.cpp's own logits; scripts/model_goldens.mjs makes the file. */
const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/models/adapters.json', import.meta.url), 'utf8'),
) as { readonly cases: Readonly<Record<string, Pick<TinyGolden, 'best' | 'rows'>>> };

/** As in families.test.ts; llama.cpp rounds what meets an adapter of f16 or q8_0 to that type. */
const tolerances: Readonly<Record<string, number>> = { gemma: 5e-3, gemma2: 5e-3, gemma3: 5e-3, gemma4: 3e-2, gemma3n: 0.5, 'llama-f16': 2e-3, 'llama-q4_0': 2e-3, 'llama-q8_0': 3e-3 };
const tolerance = ({ model }: AdapterCase): number => tolerances[model] ?? 1e-4;

const filesOf = ({ model, loras, vector }: AdapterCase) => [
  ...loras.map(({ scale, ...lora }, i) => ({ bytes: tinyLora(model, lora), name: `lora ${i}`, scale })),
  ...(vector ? [{ bytes: tinyVector(model), name: 'vector', ...vector }] : []),
];

async function adaptedLogits(of: AdapterCase, options: OpenOptions, factory: BackendFactory = reference) {
  const model = await openAdapted(tinyModel(of.model), filesOf(of), { kvType: 'f32', nCtx: 256, threads: 1, ...options }, factory);
  try {
    return await allLogits(model, tinyPrompt);
  } finally {
    await model.close();
  }
}

const gapOf = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.flatMap((row, pos) => [...row].map((logit, i) => Math.abs(logit - b[pos]![i]!))));

describe.each(Object.entries(adapterCases))('%s', (name, of) => {
  const golden = cases[name]!;

  it('computes the logits of llama.cpp with plain loops, however a prompt is cut into steps', async () => {
    const rows = await adaptedLogits(of, { maxLogits: 48 });
    expect(largestGap(rows, golden.rows)).toBeLessThan(tolerance(of));
    for (const maxLogits of [1, 7]) expect(await adaptedLogits(of, { maxLogits })).toEqual(rows);
  });

  it('computes them on WASM, with the same bits for any build, steps and threads', async () => {
    const rows = await adaptedLogits(of, { maxLogits: 48 }, wasm('simd'));
    expect(largestGap(rows, golden.rows)).toBeLessThan(tolerance(of));
    for (const build of builds) {
      expect(await adaptedLogits(of, { maxLogits: 1 }, wasm(build))).toEqual(rows);
      expect(await adaptedLogits(of, { maxLogits: 7, threads: 3 }, wasm(build))).toEqual(rows);
    }
  });
});

const isMergeable = ([, { model, loras, vector }]: readonly [string, AdapterCase]): boolean =>
  loras.length > 0 && !vector && !/q4_0|q8_0|f16/.test(model);

describe.each(Object.entries(adapterCases).filter(isMergeable))('%s', (_name, of) => {
  it('computes the logits of the model with the adapter in its weights', async () => {
    const loras = of.loras.map((lora) => (String(lora.targets) === '/attn_/' ? { ...lora, targets: undefined } : lora)); // all of a layer
    const wanted = await logitsOf(mergedModel(of.model, loras), tinyPrompt, { maxLogits: 48 });
    const most = of.model === 'gemma3n' ? 1e-2 : 1e-4; // its many layers make roundings large
    expect(gapOf(await adaptedLogits({ ...of, loras }, { maxLogits: 48 }), wanted)).toBeLessThan(most);
    expect(gapOf(await adaptedLogits({ ...of, loras }, { maxLogits: 48 }, wasm('simd')), wanted)).toBeLessThan(most);
  });
});

describe.each([
  ['odd, of products that one thread does alone', 5],
  ['so large that threads share the products', 301],
])('a rank that is %s', (_, rank) => {
  it('computes what plain loops do, beside quantised weights, with the same bits for any build, steps and threads', async () => {
    const of: AdapterCase = { model: 'llama-q4_0', loras: [{ rank, alpha: rank, scale: 0.1 }] };
    const rows = await adaptedLogits(of, { maxLogits: 48 }, wasm('simd'));
    expect(gapOf(rows, await adaptedLogits(of, { maxLogits: 48 }))).toBeLessThan(2e-3);
    for (const build of builds) {
      for (const steps of [{ maxLogits: 1 }, { maxLogits: 7, threads: 3 }, { maxLogits: 3, threads: 2 }]) {
        expect(await adaptedLogits(of, steps, wasm(build))).toEqual(rows);
      }
    }
  });
});
