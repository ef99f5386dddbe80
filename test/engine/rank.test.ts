import { expect, it } from 'vitest';
import type { Embedder } from '../../src/engine/embedder.ts';
import { rank } from '../../src/engine/rank.ts';

it('cuts a document that is too long between characters, never inside one', async () => {
  const seen: string[] = [];
  const encode = (text: string): number[] => {
    seen.push(text);
    return Array.from(text, () => 5);
  };
  for (let nCtx = 4; nCtx < 12; nCtx++) {
    const tokenizer = { encode, addBos: false, addEos: false };
    const model = { tokenizer, nCtx, pooling: 'rank', isChoice: false, rankTemplate: undefined };
    const read = async (texts: readonly unknown[]) => texts.map(() => new Float32Array(1));
    const embedder = { model, read } as unknown as Embedder;
    const around = { pause: async () => undefined, onProgress: () => undefined };
    for (const document of ['🦊'.repeat(20), `a${'🦊'.repeat(20)}`])
      await rank(embedder, { query: 'a', documents: [document], truncate: true }, around);
  }
  expect(seen.filter((text) => /\p{Surrogate}/u.test(text))).toEqual([]);
});
