import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { bindModel, graphLimits, readTensor } from '../../src/engine/backend_plan.ts';
import { openGguf } from '../../src/gguf/open.ts';
import type { Pooling } from '../../src/models/pooling.ts';
import { unfused } from '../../src/models/unfused.ts';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { openBytes, reference } from '../helpers/open.ts';
import { encoderPrompt, tinyEncoder, tinyEncoders } from '../helpers/tiny_encoders.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { gapTable } from './matrix.ts';
import { builds, wasm } from './steps.ts';

allowRelaxedBuild();

interface EncoderGoldens {
  readonly engine: string;
  readonly positions: readonly number[];
  readonly models: Readonly<Record<string, { readonly nRows: number; readonly rows: readonly (readonly number[])[] }>>;
}

const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/models/encoders.json', import.meta.url), 'utf8'),
) as EncoderGoldens;

const tolerance = 2e-5;

interface Around {
  readonly pooling?: Pooling | undefined;
  readonly threads?: number;
  readonly nCtx?: number;
}

/** All that a model makes of each text by itself, in one step. */
async function alone(
  bytes: Uint8Array,
  texts: readonly (readonly number[])[],
  factory: BackendFactory,
  { pooling, threads = 2, nCtx = 64 }: Around = {},
): Promise<Float32Array[]> {
  const openSibling = () => Promise.reject(new Error('one file only'));
  const file = unfused(await openGguf(memorySource(bytes), { openSibling }));
  const bound = await bindModel(file);
  const limits = graphLimits({ nCtx }, bound);
  const maxLogits = pooling === 'none' ? limits.maxTokens : limits.maxLogits;
  const { graph } = bound.record({ ...limits, maxLogits }, 'f32', { pooling });
  const backend = await factory({ weights: bound.weights, graph, options: { threads } });
  const rows: Float32Array[] = [];
  try {
    await backend.upload(bound.weights, { read: readTensor(file) });
    const program = backend.prepare(graph);
    for (const tokens of texts) {
      const parts: Float32Array[] = [];
      for (let pos = 0; pos < tokens.length; pos += limits.maxTokens) {
        const step = Int32Array.from(tokens.slice(pos, pos + limits.maxTokens));
        await program.run({ tokens: step, pos, nLogits: pooling === 'none' ? step.length : 1 });
        parts.push((await program.read(graph.logits)).slice());
      }
      rows.push(pooling === 'none' ? Float32Array.from(parts.flatMap((part) => [...part])) : parts.at(-1)!);
    }
    return rows;
  } finally {
    await backend.dispose();
  }
}

/** All rows that a model makes of tokens: one where it pools. */
async function rowsOf(
  bytes: Uint8Array,
  tokens: readonly number[],
  factory: BackendFactory,
  pooling?: Pooling,
): Promise<Float32Array[]> {
  const [all] = await alone(bytes, [tokens], factory, { pooling });
  const nCols = pooling === 'none' ? all!.length / tokens.length : all!.length;
  return Array.from({ length: all!.length / nCols }, (_, i) => all!.slice(i * nCols, (i + 1) * nCols));
}

const gap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!))) : NaN;

const isNear = gapTable('largest difference from the embeddings of llama.cpp');

describe.each(Object.keys(tinyEncoders))('%s', (name) => {
  const { nRows, rows: kept } = goldens.models[name]!;
  const bytes = tinyEncoder(name);
  const pooling = nRows > 1 ? 'none' : undefined;

  const expectGolden = (rows: readonly Float32Array[], computer: string) => {
    expect(rows).toHaveLength(nRows);
    const sample = nRows === 1 ? rows : goldens.positions.map((pos) => rows[pos]!);
    isNear(name, computer, Math.max(...kept.map((row, i) => gap(sample[i]!, row))), tolerance);
  };

  it('makes the embeddings of llama.cpp with plain loops', async () => {
    expectGolden(await rowsOf(bytes, encoderPrompt, reference, pooling), 'plain loops');
  });

  it.each(builds)('makes them on WASM, %s build', async (build) => {
    const rows = await rowsOf(bytes, encoderPrompt, wasm(build), pooling);
    expectGolden(rows, `WASM, ${build}`);
    const plain = await rowsOf(bytes, encoderPrompt, reference, pooling);
    for (const [i, row] of rows.entries()) expect(gap(row, plain[i]!)).toBeLessThan(1e-4);
    for (const n of [1, 3]) {
      const [short, plainShort] = [
        await rowsOf(bytes, encoderPrompt.slice(0, n), wasm(build)),
        await rowsOf(bytes, encoderPrompt.slice(0, n), reference),
      ];
      expect(gap(short[0]!, plainShort[0]!)).toBeLessThan(1e-4);
    }
  });
});

/** Of transformers' models through llama.cpp's converter, as in converted.test.ts. */
const folder = new URL('../../../shared/data/families/', import.meta.url);
const prompt = Array.from({ length: 24 }, (_, i) => ((i * 37 + 11) % 92) + 3);

/** Texts of all sizes: shorter than a tile, of a block or a split of the cache, beyond it, and so many that it takes several steps. */
const all = [5, 1, 32, 2, 33, 3, 64, 40, 4, 31, 1, 1, 17, 65, 8, 300, 257, 2, 1, 256].map((n, i) =>
  Array.from({ length: n }, (_, t) => ((t * 37 + i * 29 + 11) % 92) + 3),
);

const noPause = { pause: () => Promise.resolve(), onProgress: () => undefined };

describe.each(Object.keys(tinyEncoders))('%s in batches', (name) => {
  const nCtx = 320;
  const bytes = tinyEncoder(name, nCtx);

  const expectSame = async (factory: BackendFactory, pooling?: Pooling, threads = 2): Promise<void> => {
    const isSlow = factory === reference;
    const texts = all.filter(({ length }) => length <= 65 || (canRead(pooling) && !isSlow));
    const wanted = await alone(bytes, texts, factory, { pooling, threads, nCtx });
    const model = await openBytes(bytes, { nCtx, kvType: 'f32', threads }, factory);
    const embedder = await model.embedder();
    for (const order of [texts, [...texts].reverse()]) {
      const rows = await embedder.read(order, pooling ?? embedder.model.pooling, noPause);
      expect(order === texts ? rows : rows.reverse()).toEqual(wanted);
    }
    await model.close();
  };

  /** A model that looks back only reads 128 tokens at a time, and the first or the mean of all is not to be had. */
  const canRead = (pooling?: Pooling) => name !== 'qwen3-embedding' || (pooling !== 'mean' && pooling !== 'cls');

  it('makes of a text what it makes of it alone, to the bit, with plain loops', () => expectSame(reference));

  it.each(builds)('makes of a text what it makes of it alone, to the bit: %s build', async (build) => {
    await expectSame(wasm(build));
    await expectSame(wasm(build), undefined, 1);
  });

  it('does so with any pooling', async () => {
    for (const pooling of ['mean', 'cls', 'last', 'none'] as const) await expectSame(wasm('simd'), pooling);
  });
});

describe.skipIf(!existsSync(folder))('a converted encoder (skipped where ../shared/data/families is absent)', () => {
  it.each(['bert', 'modernbert', 'embeddinggemma'])('makes the embeddings of llama.cpp: %s', async (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(`${name}.gguf`, folder)));
    const wanted = new Float32Array(new Uint8Array(readFileSync(new URL(`${name}.emb.f32`, folder))).buffer);
    for (const factory of [reference, wasm('simd')]) {
      const rows = await rowsOf(bytes, prompt, factory, 'none');
      expect(gap(rows.flatMap((row) => [...row]), wanted)).toBeLessThan(5e-3);
    }
  });
});

describe('a model that makes embeddings', () => {
  const open = (name: string, options = {}) => openBytes(tinyEncoder(name), { nCtx: 64, ...options });
  const settings = { truncate: false, pooling: 'last', task: undefined } as const;

  it('makes the mean where its file does not say what to make', async () => {
    const { model } = await (await open('bert-none')).embedder();
    expect(model.pooling).toBe('mean');
  });

  it('reads a long text in steps where it looks back only', async () => {
    const long = Array.from({ length: 300 }, (_, i) => ((i * 41 + 7) % 92) + 3);
    const model = await open('qwen3-embedding', { nCtx: 400 });
    const embedder = await model.embedder();
    const embed = (...texts: number[][]) => embedder.embed(texts, settings, noPause);
    const [row] = await rowsOf(tinyEncoder('qwen3-embedding'), long.slice(0, 60), reference);
    const short = long.slice(0, 60);
    const [first] = await embed(short);
    expect(gap(first!, row!)).toBeLessThan(1e-2); // an f16 cache, beside f32
    const [whole] = await embed(long);
    expect(first).not.toEqual(whole);
    expect(await embed(short, long, short)).toEqual([first, whole, first]); // nothing is left of the text before
    const all = await embedder.embed([long], { ...settings, pooling: 'none' }, noPause);
    expect(all[0]!.slice(-64)).toEqual(whole);
    expect(all[0]).toHaveLength(300 * 64);
    await expect(embedder.embed([long], { ...settings, pooling: 'mean' }, noPause)).rejects.toThrow(/sees 128 at most/);
  });

  it('refuses texts that are too long, empty, or not to be had, and makes no text', async () => {
    const model = await open('bert-mean');
    const embedder = await model.embedder();
    const long = new Array<number>(65).fill(5);
    const keep = { truncate: false };
    expect(() => embedder.tokensOf(long, keep)).toThrow(/65 tokens, the model reads 64; split it, or set truncate/);
    expect(embedder.tokensOf(long, { truncate: true })).toHaveLength(64);
    expect(() => embedder.tokensOf([], { truncate: true })).toThrow(RangeError);
    expect(() => embedder.tokensOf('text', keep)).toThrow(/ids and no texts/);
    await expect(open('bert-mean', { nCtx: 65 })).rejects.toThrow(/nCtx/);
    expect(() => model.openSession()).toThrow(/makes embeddings, not text; use model\.embed/);
    const llama = await openBytes(tinyModel('llama'));
    await expect(llama.embedder()).rejects.toThrow(/makes text, not embeddings/);
  });
});
