import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { encoderPrompt, tinyEncoder, tinyEncoderParts, wordyEncoder } from '../helpers/tiny_encoders.ts';
import { ggufFile } from '../helpers/tiny_models.ts';

const tokens = [encoderPrompt.slice(0, 9), encoderPrompt.slice(9, 40), Int32Array.from(encoderPrompt)];
const length = (row: Float32Array): number => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));

describe('model.embed', () => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(new Blob([tinyEncoder('gemma-embedding') as Uint8Array<ArrayBuffer>]), { threads: 1 });
  });
  afterAll(() => model.close());

  it('makes rows of length 1, each by itself', async () => {
    expect(model.info.embeds).toBe(true);
    const rows = await model.embed(tokens);
    expect(rows.map(({ length }) => length)).toEqual([64, 64, 64]);
    for (const row of rows) expect(length(row)).toBeCloseTo(1, 6);
    expect(await model.embed([tokens[1]!])).toEqual([rows[1]]);
    expect(await model.embed([])).toEqual([]);
  });

  it('leaves rows as they are, or keeps their beginning', async () => {
    const [raw] = await model.embed([tokens[0]!], { normalize: false });
    const [short] = await model.embed([tokens[0]!], { dimensions: 8 });
    const start = raw!.slice(0, 8);
    expect(short).toEqual(start.map((x) => x / length(start)));
  });

  it('takes the beginning of a text that is too long, if it may', async () => {
    const long = new Array<number>(65).fill(7);
    await expect(model.embed([long])).rejects.toThrow(/^a text of 65 tokens, the model reads 64.*truncate/);
    await expect(model.embed([[5], long])).rejects.toThrow(/^text 1: a text of 65 tokens/);
    expect(await model.embed([long], { truncate: true })).toEqual(await model.embed([long.slice(1)]));
  });

  it('says what is wrong with what it gets', async () => {
    await expect(model.embed([1, 2, 3] as never)).rejects.toThrow(/list of numbers.*put tokens into a list/);
    await expect(model.embed(7 as never)).rejects.toThrow(TypeError);
    await expect(model.embed([tokens[0]!], { dimensions: 65 })).rejects.toThrow(RangeError);
    await expect(model.embed([tokens[0]!], { normalise: true } as never)).rejects.toThrow(/normalize/);
    await expect(model.embed('text')).rejects.toThrow(/ids and no texts/);
    await expect(model.embed([[96]])).rejects.toThrow(/token 96/);
    for (const token of [-1, 1.5, NaN, Infinity])
      await expect(model.embed([[5], [5, token]])).rejects.toThrow(`text 1: token ${token}, expected 0 to 95`);
    await expect(model.embed(new Array(2) as never)).rejects.toThrow('text 0 of embed is undefined');
  });

  it('pools in other ways, and leaves all rows', async () => {
    const [first, last] = [tokens[0]!, tokens[1]!];
    const all = await model.embed([first, last], { pooling: 'none', dimensions: 8 });
    expect(all.map(({ length }) => length)).toEqual([8 * first.length, 8 * last.length]);
    for (let row = 0; row < first.length; row++) expect(length(all[0]!.slice(8 * row, 8 * row + 8))).toBeCloseTo(1, 6);
    const [own] = await model.embed([first]);
    expect(await model.embed([first], { pooling: 'mean' })).toEqual([own]);
    expect(await model.embed([first], { pooling: 'cls' })).not.toEqual([own]);
    await expect(model.embed([first], { pooling: 'sum' as never })).rejects.toThrow(
      /pooling is "sum", expected one of mean/,
    );
  });

  it('tells how far it is', async () => {
    const seen: [number, number][] = [];
    const texts = new Array<number[]>(9).fill([...encoderPrompt]);
    await model.embed(texts, { onProgress: (nDone, nTotal) => seen.push([nDone, nTotal]) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([9, 9]);
    expect(seen.map(([nDone]) => nDone)).toEqual(seen.map(([nDone]) => nDone).sort((a, b) => a - b));
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const running = model.embed(new Array<number[]>(200).fill([...encoderPrompt]), { signal: stop.signal });
    stop.abort();
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(await model.embed([tokens[0]!])).toHaveLength(1);
  });

  it('is what such a model is for: it makes no text', async () => {
    const run = async () => model.generate([1, 2, 3]);
    await expect(run()).rejects.toThrow(/makes embeddings, not text; use model\.embed/);
    expect(model.info.noChat).toMatch(/makes embeddings, not text; use model\.embed/);
  });
});

it.each(['wasm', 'reference'] as const)('makes no rows that are no numbers, with %s', async (backend) => {
  const parts = tinyEncoderParts('gemma-embedding');
  const tooLarge = (bytes: Uint8Array) => new Uint8Array(new Float32Array(bytes.length / 4).fill(3e38).buffer);
  const tensors = parts.tensors.map((tensor) =>
    tensor.name === 'output_norm.weight' ? { ...tensor, bytes: tooLarge(tensor.bytes) } : tensor,
  );
  const model = await openModel(ggufFile(parts.meta, tensors), { threads: 1, backend });
  for (const pooling of ['mean', 'none'] as const)
    await expect(model.embed([tokens[0]!], { pooling })).rejects.toThrow(/a text's row has .*expected finite numbers/);
  await model.close();
});

describe('model.rank', () => {
  const documents = ['a cat', 'bread is baked', 'rivers run'];
  const open = (name: string, called = name) => openModel(new Blob([wordyEncoder(name, { called })]), { threads: 1 });

  it('sorts documents by what a reranker says', async () => {
    const model = await open('bert-rank');
    expect(model.info).toMatchObject({ ranks: true, embeds: false });
    const ranked = await model.rank('where to', documents);
    expect(ranked.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
    for (const { index, document } of ranked) expect(document).toBe(documents[index]);
    const scores = ranked.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(await model.rank('where to', documents, { top: 2 })).toEqual(ranked.slice(0, 2));
    expect(await model.rank('where to', [])).toEqual([]);
    await expect(model.embed('a')).rejects.toThrow(/use model\.rank/);
    await expect(model.rank('a', 'b' as never)).rejects.toThrow(/documents are string, expected a list/);
    await expect(model.rank('a', ['b', 7] as never)).rejects.toThrow(/document 1 is number/);
    await expect(model.rank('a', ['b'], { top: 0 })).rejects.toThrow(/top is 0/);
    await model.close();
  });

  it('takes cosines of embeddings, with tasks that the card names', async () => {
    const model = await open('bert-mean', 'e5 tiny');
    expect(await model.tasks()).toEqual(['query', 'document', 'similarity']);
    const seen: number[] = [];
    const ranked = await model.rank('where to', documents, { onProgress: (nDone) => seen.push(nDone) });
    expect(seen.at(-1)).toBe(3);
    const query = await model.embed('where to', { task: 'query' });
    for (const { score, document } of ranked) {
      const row = await model.embed(document, { task: 'document' });
      expect(score).toBeCloseTo(
        row.reduce((sum, x, i) => sum + x * query[i]!, 0),
        5,
      );
    }
    await expect(model.embed('a', { task: 'poem' })).rejects.toThrow(/there are query, document, similarity/);
    await expect(model.embed('a', { task: 7 as never })).rejects.toThrow(/task is number, expected a word/);
    await model.close();
    const unknown = await open('bert-mean', 'nobody');
    expect(await unknown.tasks()).toEqual([]);
    await unknown.close();
  });
});
