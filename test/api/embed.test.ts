import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type Model } from 'thimble';
import { encoderPrompt, tinyEncoder } from '../helpers/tiny_encoders.ts';

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
    await expect(model.embed([long])).rejects.toThrow(/65 tokens, the model reads 64.*truncate/);
    expect(await model.embed([long], { truncate: true })).toEqual(await model.embed([long.slice(1)]));
  });

  it('says what is wrong with what it gets', async () => {
    await expect(model.embed([1, 2, 3] as never)).rejects.toThrow(/list of numbers.*put tokens into a list/);
    await expect(model.embed(7 as never)).rejects.toThrow(TypeError);
    await expect(model.embed([tokens[0]!], { dimensions: 65 })).rejects.toThrow(RangeError);
    await expect(model.embed([tokens[0]!], { normalise: true } as never)).rejects.toThrow(/normalize/);
    await expect(model.embed('text')).rejects.toThrow(/ids and no texts/);
    await expect(model.embed([[96]])).rejects.toThrow(/token 96/);
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
  });
});
