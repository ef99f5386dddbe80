import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { bindModel, graphLimits, readTensor } from '../../src/engine/backend_plan.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { unfused } from '../../src/models/unfused.ts';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { memorySource } from '../helpers/gguf_bytes.ts';
import { openBytes, reference } from '../helpers/open.ts';
import { encoderPrompt, tinyEncoder, tinyEncoders } from '../helpers/tiny_encoders.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
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

/** All rows that a model makes of tokens: one where it pools. */
async function rowsOf(bytes: Uint8Array, tokens: readonly number[], factory: BackendFactory): Promise<Float32Array[]> {
  const openSibling = () => Promise.reject(new Error('one file only'));
  const file = unfused(await openGguf(memorySource(bytes), { openSibling }));
  const bound = await bindModel(file);
  const limits = graphLimits({ nCtx: 64 }, bound);
  const { graph } = bound.record(limits, 'f32');
  const backend = await factory({ weights: bound.weights, graph, options: { threads: 2 } });
  try {
    await backend.upload(bound.weights, { read: readTensor(file) });
    const program = backend.prepare(graph);
    const nLogits = Math.min(limits.maxLogits, tokens.length);
    await program.run({ tokens: Int32Array.from(tokens), pos: 0, nLogits });
    const all = await program.read(graph.logits);
    const nCols = graph.logits.shape[1]!;
    return Array.from({ length: nLogits }, (_, i) => all.slice(i * nCols, (i + 1) * nCols));
  } finally {
    await backend.dispose();
  }
}

const gap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!))) : NaN;

describe.each(Object.keys(tinyEncoders))('%s', (name) => {
  const { nRows, rows: kept } = goldens.models[name]!;
  const bytes = tinyEncoder(name);

  const expectGolden = (rows: readonly Float32Array[]) => {
    expect(rows).toHaveLength(nRows);
    const sample = nRows === 1 ? rows : goldens.positions.map((pos) => rows[pos]!);
    for (const [i, row] of kept.entries()) expect(gap(sample[i]!, row)).toBeLessThan(tolerance);
  };

  it('makes the embeddings of llama.cpp with plain loops', async () => {
    expectGolden(await rowsOf(bytes, encoderPrompt, reference));
  });

  it.each(builds)('makes them on WASM, %s build', async (build) => {
    const rows = await rowsOf(bytes, encoderPrompt, wasm(build));
    expectGolden(rows);
    const plain = await rowsOf(bytes, encoderPrompt, reference);
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

describe.skipIf(!existsSync(folder))('a converted encoder (skipped where ../shared/data/families is absent)', () => {
  it.each(['bert', 'modernbert', 'embeddinggemma'])('makes the embeddings of llama.cpp: %s', async (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(`${name}.gguf`, folder)));
    const wanted = new Float32Array(new Uint8Array(readFileSync(new URL(`${name}.emb.f32`, folder))).buffer);
    for (const factory of [reference, wasm('simd')]) {
      const rows = await rowsOf(bytes, prompt, factory);
      expect(gap(rows.flatMap((row) => [...row]), wanted)).toBeLessThan(5e-3);
    }
  });
});

describe('a model that makes embeddings', () => {
  const open = (name: string, options = {}) => openBytes(tinyEncoder(name), { nCtx: 64, ...options });

  it('makes one row of a text, the mean where it gives a row for each token', async () => {
    const model = await open('bert-none');
    const mean = await open('bert-mean');
    expect(model.info.embeds).toBe(true);
    const row = await model.embedder().embed(encoderPrompt);
    expect(gap(row, await mean.embedder().embed(encoderPrompt))).toBeLessThan(1e-5);
  });

  it('reads a long text in steps where it looks back only', async () => {
    const long = Array.from({ length: 300 }, (_, i) => ((i * 41 + 7) % 92) + 3);
    const model = await open('qwen3-embedding', { nCtx: 400 });
    const [row] = await rowsOf(tinyEncoder('qwen3-embedding'), long.slice(0, 60), reference);
    expect(gap(await model.embedder().embed(long.slice(0, 60)), row!)).toBeLessThan(1e-2); // an f16 cache, beside f32
    const whole = await model.embedder().embed(long);
    expect(await model.embedder().embed(long.slice(0, 60))).not.toEqual(whole);
    expect(await model.embedder().embed(long)).toEqual(whole); // nothing is left of the text before
  });

  it('refuses texts that are too long, empty, or not to be had, and makes no text', async () => {
    const embedder = (await open('bert-mean')).embedder();
    const long = new Array<number>(65).fill(5);
    expect(() => embedder.tokensOf(long, false)).toThrow(/65 tokens, the model reads 64; split it, or set truncate/);
    expect(embedder.tokensOf(long, true)).toHaveLength(64);
    expect(() => embedder.tokensOf([], true)).toThrow(RangeError);
    expect(() => embedder.tokensOf('text', false)).toThrow(/ids and no texts/);
    await expect(open('bert-mean', { nCtx: 65 })).rejects.toThrow(/nCtx/);
    const model = await open('bert-mean');
    expect(() => model.openSession()).toThrow(/makes embeddings, not text; use model\.embed/);
    const llama = await openBytes(tinyModel('llama'));
    expect(() => llama.embedder()).toThrow(/makes text, not embeddings/);
  });
});
