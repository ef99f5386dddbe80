import { expect, it } from 'vitest';
import { tokensWith, usualBreakers } from '../../src/engine/dry_breakers.ts';
import { openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

it('finds every token that contains a text, and takes tokens as they are', async () => {
  const { tokenizer } = await openBytes(tinyModel('llama'));
  const containing = (text: string) =>
    Array.from({ length: tokenizer.nVocab }, (_, t) => t).filter((t) =>
      Buffer.from(tokenizer.bytes(t)).includes(Buffer.from(text)),
    );
  for (const text of ['he', 'n', ' the', 'é', 'no token has this']) {
    expect(tokensWith(tokenizer, [text])).toEqual(containing(text));
  }
  expect(tokensWith(tokenizer, usualBreakers)).toEqual(['\n', ':', '"', '*'].flatMap(containing));
  expect(tokensWith(tokenizer, [7, 'he', 9])).toEqual([7, ...containing('he'), 9]);
  const many = Array.from({ length: 65 }, (_, i) => `a${i}`);
  expect(() => tokensWith(tokenizer, many)).toThrow('expected at most 64');
  expect(tokensWith(tokenizer, [...many.slice(0, 64), ...many.slice(0, 64), 3])).toContain(3); // said twice is one
});
