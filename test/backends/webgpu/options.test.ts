import { describe, expect, it } from 'vitest';
import { openModel, type Model, type OpenModelOptions } from 'thimble';
import { checkOpenOptions } from '../../../src/engine/backend_plan.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { tinyLora } from '../../helpers/tiny_adapters.ts';
import { tinyModel } from '../../helpers/tiny_models.ts';
import { watched } from '../../helpers/watched_gpu.ts';

/** No option of opening is passed over in silence where a GPU computes: it shows in what the model is or does, or it is refused by its name. */

const { gpu, absent } = await findDawn();
const whole = tinyModel('llama-q4_0').slice();
const mixture = tinyModel('mixtral').slice();
const prompt = [5, 6, 7, 8];
const greedy = { temperature: 0, maxTokens: 12, ignoreEos: true } as const;

const { gpu: counted, buffers } = watched(gpu ?? ({} as GPU));
const stopped = new AbortController();
let [nLoaded, nCame] = [0, 0];

async function savedBytes(model: Model): Promise<number> {
  const session = model.openSession();
  await session.generate(prompt, greedy).result;
  const { length } = await session.save();
  await session.close();
  return length;
}

async function rowsAtATime(model: Model): Promise<number> {
  const sizes: number[] = [];
  await model.logits(prompt, (rows) => void sizes.push(rows.length / model.info.nVocab));
  return Math.max(...sizes);
}

/** A value, and what tells that it was heard; `is` is what that says. `of` the whole model on the GPU, or of one whose first layers are left to the processor. */
interface Row {
  readonly of: 'the GPU' | 'both';
  readonly value: unknown;
  readonly tells: (model: Model) => unknown;
  readonly is: unknown;
}

const row = (of: Row['of'], value: unknown, tells: Row['tells'], is: unknown = value): Row => ({
  of,
  value,
  tells,
  is,
});

const rows = {
  nCtx: row('the GPU', 96, ({ info }) => info.nCtx),
  kvType: row('the GPU', 'f32', async (model) => (await savedBytes(model)) > 15 * 2 * 2 * 2 * 16 * 4, true),
  activations: row('the GPU', 'fast', ({ info }) => info.activations),
  backend: row('the GPU', 'webgpu', ({ info }) => info.backend),
  gpu: row('the GPU', counted, () => buffers.size > 10, true),
  maxSessions: row('the GPU', 2, ({ info }) => info.maxSessions),
  maxLogits: row('the GPU', 3, rowsAtATime),
  chatTemplate: row('the GPU', 'chatml', ({ info }) => info.noChat === undefined, true),
  draft: row(
    'the GPU',
    whole,
    async (model) => {
      const { speculation } = await model.generate(prompt, { ...greedy, speculate: 'draft' }).result;
      return speculation!.nDrafted > 0;
    },
    true,
  ),
  adapters: row('the GPU', [tinyLora('llama-q4_0').slice()], ({ info }) => info.adapters.length, 1),
  onProgress: row(
    'the GPU',
    () => nLoaded++,
    () => nLoaded > 0,
    true,
  ),
  onDownload: row(
    'the GPU',
    () => nCame++,
    () => nCame > 0,
    true,
  ),
  signal: row(
    'the GPU',
    stopped.signal,
    async () => {
      stopped.abort();
      return openModel(whole, { backend: 'webgpu', gpu: counted, signal: stopped.signal }).catch(
        ({ name }: Error) => name,
      );
    },
    'AbortError',
  ),
  gpuBytes: row('both', mixture.length / 2, ({ info }) => / and webgpu$/.test(info.backend), true),
  build: row('both', 'simd', ({ info }) => /^wasm-simd /.test(info.backend), true),
  threads: row('both', 1, ({ info }) => info.threads),
  memory: row('both', 1_500_000, async ({ info }) => info.paging!.memoryBytes <= 1_500_000, true),
  preferCached: row('both', 0.25, ({ info }) => info.paging!.preferCached),
} satisfies Record<keyof OpenModelOptions, Row>;

const namesOf = (of: Row['of']) => Object.entries<Row>(rows).filter(([, row]) => row.of === of);

async function expectHeard(source: Uint8Array | Response, of: Row['of'], more: OpenModelOptions = {}): Promise<void> {
  const given = Object.fromEntries(namesOf(of).map(([name, { value }]) => [name, value]));
  const model = await openModel(source, { ...given, ...more });
  for (const [name, { tells, is }] of namesOf(of)) expect([name, await tells(model)]).toEqual([name, is]);
  await model.close();
}

describe.skipIf(absent)('options of a model on the GPU', { timeout: 240_000 }, () => {
  it('are heard', () => expectHeard(new Response(whole), 'the GPU'));

  it('are heard where its first layers are left to the processor', () =>
    expectHeard(mixture, 'both', { backend: 'webgpu', gpu: counted, maxSessions: 1, nCtx: 128 }));

  it('make no difference to its text where a part of it comes from storage', async () => {
    const texts: string[] = [];
    for (const less of [{}, { gpuBytes: mixture.length / 2, memory: 1_500_000 }]) {
      const opening = { backend: 'webgpu', gpu: counted, maxSessions: 1, nCtx: 128, ...less } as const;
      const model = await openModel(mixture, opening);
      const { text, timings } = await model.generate(prompt, greedy).result;
      texts.push(text);
      expect(timings.paging?.bytesRead ?? 0).toBeGreaterThan('memory' in less ? 100_000 : -1);
      await model.close();
    }
    expect(texts[1]).toBe(texts[0]);
  });

  it('name a GPU where none computes', async () => {
    const opening = openModel(whole, { backend: 'wasm', gpu: counted });
    await expect(opening).rejects.toThrow(
      new TypeError("gpu is of no use to backend 'wasm'; leave it out, or choose another one, as 'auto'"),
    );
  });
});

it.each([
  ['wasm', { gpuBytes: 1e9 }],
  ['reference', { gpuBytes: 1e9 }],
  ['reference', { memory: 'auto' }],
  ['reference', { memory: 1e9, preferCached: 0.5 }],
  ['reference', { build: 'simd' }],
] as const)('%s refuses %o, which it would pass over', (backend, options) => {
  const [name] = Object.keys(options);
  const check = () => checkOpenOptions({ backend, ...options });
  expect(check).toThrow(TypeError);
  expect(check).toThrow(`${name} is of no use to backend '${backend}'; leave it out, or choose another one, as 'auto'`);
  if (backend === 'wasm') expect(() => checkOpenOptions(options)).toThrow(TypeError);
  expect(() => checkOpenOptions({ ...options, backend: 'webgpu' })).not.toThrow();
});
