import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rank } from '../../src/engine/rank.ts';
import { allowRelaxedBuild } from '../backends/wasm/support.ts';
import { openBytes, reference } from '../helpers/open.ts';
import { encoderPrompt, tinyEncoder, tinyRankers, wordyEncoder } from '../helpers/tiny_encoders.ts';
import { builds, wasm } from './steps.ts';

allowRelaxedBuild();

interface RankerGoldens {
  readonly models: Readonly<Record<string, { readonly rows: readonly [readonly number[]] }>>;
}

const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/models/rankers.json', import.meta.url), 'utf8'),
) as RankerGoldens;

const around = { pause: () => Promise.resolve(), onProgress: () => undefined };
const factories = [['plain loops', reference] as const, ...builds.map((build) => [`the ${build} build`, wasm(build)] as const)];

describe.each(Object.keys(tinyRankers))('%s', (name) => {
  it.each(factories)('scores a text as llama.cpp does, with %s', async (_, factory) => {
    const model = await openBytes(tinyEncoder(name), { nCtx: 64, kvType: 'f32', threads: 2 }, factory);
    expect(model.info).toMatchObject({ ranks: true, embeds: false });
    const embedder = await model.embedder();
    const prompts = [encoderPrompt, encoderPrompt.slice(0, 3), encoderPrompt];
    const [first, , last] = await embedder.read(prompts, 'rank', around);
    expect(last).toEqual(first);
    const sum = first!.reduce((total, x) => total + Math.exp(x), 0);
    const scores = Array.from(first!, (x) => (embedder.model.isChoice ? Math.exp(x) / sum : x));
    const [wanted] = goldens.models[name]!.rows;
    expect(scores).toHaveLength(wanted.length);
    for (const [i, score] of scores.entries()) expect(Math.abs(score - wanted[i]!)).toBeLessThan(2e-5);
    await model.close();
  });
});

describe('rank', () => {
  const open = async (bytes: Uint8Array) => (await openBytes(bytes, { nCtx: 64 })).embedder();
  const documents = ['rivers run to the sea', 'a cat', 'bread is baked'];

  it('reads a query and a document together', async () => {
    const embedder = await open(wordyEncoder('bert-rank'));
    const scores = await rank(embedder, { query: 'where to', documents, truncate: false }, around);
    const { encode } = embedder.model.tokenizer;
    const pairs = documents.map((document) => [2, ...encode('where to'), 3, ...encode(document), 3]);
    expect([...scores]).toEqual((await embedder.read(pairs, 'rank', around)).map(([score]) => score));
    expect(new Set(scores).size).toBe(3);
  });

  it('gives the chance of yes where the head says yes or no', async () => {
    const embedder = await open(wordyEncoder('qwen3-rank'));
    const [score] = await rank(embedder, { query: 'q', documents: ['a cat'], truncate: false }, around);
    const { encode } = embedder.model.tokenizer;
    const pair = [2, ...encode('q'), 3, ...encode('a cat'), 3];
    const [row] = await embedder.read([pair], 'rank', around);
    const [yes, no] = row!;
    expect(score).toBeCloseTo(Math.exp(yes!) / (Math.exp(yes!) + Math.exp(no!)), 12);
  });

  it('fills a template, in which only its own words are control tokens', async () => {
    const bytes = wordyEncoder('bert-rank', { rankTemplate: '[CLS] {query} [SEP] {document} [SEP]' });
    const embedder = await open(bytes);
    const { encode } = embedder.model.tokenizer;
    const scores = await rank(embedder, { query: 'where to', documents: ['a [SEP] b'], truncate: false }, around);
    const tokens = [2, ...encode('where to'), 3, ...encode('a [SEP] b'), 3];
    expect(tokens.filter((token) => token === 3)).toHaveLength(2);
    expect(scores[0]).toBe((await embedder.read([tokens], 'rank', around))[0]![0]);
  });

  it('cuts a document that is too long where it may, and says which one it is where it may not', async () => {
    const embedder = await open(wordyEncoder('bert-rank'));
    const long = ['a', 'word '.repeat(60)];
    await expect(rank(embedder, { query: 'q', documents: long, truncate: false }, around)).rejects.toThrow(
      /document 1 and the query have \d+ tokens, the model reads 64; split the document, or set truncate/,
    );
    expect(await rank(embedder, { query: 'q', documents: long, truncate: true }, around)).toHaveLength(2);
    await expect(rank(embedder, { query: long[1]!, documents: ['a'], truncate: true }, around)).rejects.toThrow(/shorten/);
  });

  it('is the cosine of what an embedding model makes, with the prefixes of its card', async () => {
    const plain = await open(wordyEncoder('bert-mean', { called: 'tiny' }));
    const e5 = await open(wordyEncoder('bert-mean', { called: 'Tiny E5 v2' }));
    const settings = { truncate: false, pooling: undefined, task: undefined } as const;
    const query = 'where to';
    const scores = await rank(e5, { query, documents, truncate: false }, around);
    expect(scores).not.toEqual(await rank(plain, { query, documents, truncate: false }, around));
    const texts = [`query: ${query}`, ...documents.map((document) => `passage: ${document}`)];
    const prefixed = await plain.embed(texts, settings, around);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const [asked, ...rows] = prefixed;
    for (const [i, row] of rows.entries()) {
      expect(scores[i]).toBeCloseTo(dot(asked!, row) / Math.sqrt(dot(asked!, asked!) * dot(row, row)), 5);
    }
    await expect(rank(plain, { query, documents: ['a', 'word '.repeat(60)], truncate: false }, around)).rejects.toThrow(
      /^document 1: a text of \d+ tokens/,
    );
  });

  it('is all that a reranker does', async () => {
    const embedder = await open(wordyEncoder('bert-rank'));
    const settings = { truncate: false, pooling: undefined, task: undefined } as const;
    await expect(embedder.embed(['a'], settings, around)).rejects.toThrow(/ranks documents and makes no embeddings; use model.rank/);
    const model = await openBytes(wordyEncoder('bert-rank'), { nCtx: 64 });
    expect(() => model.openSession()).toThrow(/makes scores, not text; use model.rank/);
  });
});

describe('the task of a text', () => {
  const open = async (called: string) => (await openBytes(wordyEncoder('bert-mean', { called }), { nCtx: 64 })).embedder();
  const embed = async (called: string, text: string, task?: string) => {
    const embedder = await open(called);
    return embedder.embed([text], { truncate: false, pooling: undefined, task }, around);
  };

  it.each([
    ['nomic-embed-text-v1.5', 'query', 'search_query: '],
    ['Multilingual E5 Small', 'document', 'passage: '],
    ['bge-small-en-v1.5', 'query', 'Represent this sentence for searching relevant passages: '],
    ['Bge M3', 'query', ''],
    ['Snowflake Arctic Embed M v2.0', 'query', 'query: '],
    ['All MiniLM L6 v2', 'query', ''],
  ])('of %s is put in front of it: %s', async (called, task, prefix) => {
    expect(await embed(called, 'a cat', task)).toEqual(await embed('nobody knows', `${prefix}a cat`));
  });

  it('that a card does not name fails, with those that it does', async () => {
    await expect(embed('e5-small', 'a', 'summary')).rejects.toThrow(
      /task is "summary", of e5-small there are query, document, similarity/,
    );
    await expect(embed('nobody knows', 'a', 'query')).rejects.toThrow(/no tasks of nobody knows are known here; write/);
    const embedder = await open('e5-small');
    await expect(embedder.embed([[5, 6]], { truncate: false, pooling: undefined, task: 'query' }, around)).rejects.toThrow(TypeError);
  });
});
