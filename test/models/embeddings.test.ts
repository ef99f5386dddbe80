import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from 'thimble';

/** Embeddings of real models beside those that transformers makes: scripts/embedding_goldens.py wrote both. */
interface Goldens {
  readonly engine: string;
  readonly models: readonly RealModel[];
}

interface RealModel {
  readonly file: string;
  readonly cases: readonly { readonly text: string; readonly tokens: readonly number[]; readonly row: readonly number[] }[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../fixtures/models/embeddings.json', import.meta.url), 'utf8'),
) as Goldens;

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble', 'models');
const folder = process.env['THIMBLE_MODELS'] ?? cache;

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

const kinds = [
  ['f16', 0.9999],
  ['q8_0', 0.999],
] as const;

const cases = goldens.models.flatMap(({ file, cases }) => kinds.map(([kind, least]) => ({ file, cases, kind, least })));

describe.each(cases)(`$file in $kind beside ${goldens.engine}`, ({ file, cases, kind, least }) => {
  const path = join(folder, `${file}-${kind}.gguf`);
  const isThere = existsSync(path);

  it.skipIf(!isThere)(`has rows of a cosine of ${least} (skipped without ${path}: scripts/embedding_goldens.py makes it)`, async () => {
    const model = await openModel(path, { threads: 1 });
    const texts = cases.map(({ text }) => text);
    const rows = await model.embed(texts);
    const cosines = cases.map(({ row }, i) => cosine(row, rows[i]!));
    console.log(`${file} ${kind}: cosine at least ${Math.min(...cosines).toFixed(6)}`);
    expect(cosines.filter((each) => each < least)).toEqual([]);
    expect(await model.embed(cases.map(({ tokens }) => tokens))).toEqual(rows); // the texts become the same tokens
    expect([await model.embed(texts[3]!)]).toEqual([rows[3]]);
    await model.close();
  });
});
