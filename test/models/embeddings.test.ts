import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from 'thimble';

/** Embeddings of real models beside those that transformers makes: scripts/embedding_goldens.py wrote both. */
interface Goldens {
  readonly engine: string;
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

describe.each([
  ['f16', 0.9999],
  ['q8_0', 0.999],
] as const)(`the embeddings of ${goldens.engine}`, (kind, least) => {
  const path = join(folder, `${goldens.file}-${kind}.gguf`);

  it.skipIf(!existsSync(path))(
    `are those of ${goldens.file} in ${kind}, to a cosine of ${least} (skipped where ${path} is absent: scripts/embedding_goldens.py makes it)`,
    async () => {
      const model = await openModel(path, { threads: 1 });
      const texts = goldens.cases.map(({ text }) => text);
      const rows = await model.embed(texts);
      const cosines = goldens.cases.map(({ row }, i) => cosine(row, rows[i]!));
      console.log(`${goldens.file} ${kind}: cosine at least ${Math.min(...cosines).toFixed(6)}`);
      expect(cosines.filter((each) => each < least)).toEqual([]);
      expect(await model.embed(goldens.cases.map(({ tokens }) => tokens))).toEqual(rows); // the texts become the same tokens
      expect([await model.embed(texts[3]!)]).toEqual([rows[3]]);
      await model.close();
    },
  );
});
