import { describe, expect, it } from 'vitest';
import { findDawn } from '../../helpers/dawn.ts';
import { openBytes } from '../../helpers/open.ts';
import { tinyEncoder, tinyEncoders } from '../../helpers/tiny_encoders.ts';
import { loadsOn } from './support.ts';

const { gpu, absent } = await findDawn();

/** Texts of all sizes: shorter than a tile, of a block of the cache, beyond it. */
const texts = [5, 1, 32, 2, 33, 64, 4, 1].map((n, i) =>
  Array.from({ length: n }, (_, t) => ((t * 37 + i * 29 + 11) % 92) + 3),
);
/** Mixtures of experts have no kernels for GPUs. */
const names = Object.keys(tinyEncoders).filter((name) => name !== 'nomic-bert-moe');
const noPause = { pause: () => Promise.resolve(), onProgress: () => undefined };

describe.skipIf(absent)('a GPU makes of several texts in a step what plain loops make of them', () => {
  it.each(names)('%s', { timeout: 240_000 }, async (name) => {
    const options = { nCtx: 128, kvType: 'f32' } as const;
    const plain = await openBytes(tinyEncoder(name, 128), options);
    const model = await openBytes(tinyEncoder(name, 128), options, loadsOn(gpu!));
    const rowsOf = async ({ embedder }: typeof model) => {
      const made = await embedder();
      return made.read(texts, made.model.pooling, noPause);
    };
    const [came, wanted] = [await rowsOf(model), await rowsOf(plain)];
    const largest = Math.max(...wanted.flatMap((row) => [...row].map(Math.abs)));
    const gaps = came.flatMap((row, i) => [...row].map((x, col) => Math.abs(x - wanted[i]![col]!)));
    expect(gaps).not.toHaveLength(0);
    expect(Math.max(...gaps) / largest).toBeLessThan(2e-3);
    await model.close();
  });
});
