import { expect, test } from 'vitest';
import { Texts } from '../../src/base/texts.ts';
import { loadTokenizer } from '../../src/tokenizers/index.ts';
import { fixture, haveVocab, ids, loadVocab } from './vocabs.ts';

const { engine, oddBert } = fixture<{
  engine: string;
  oddBert: { pieces: string[]; texts: Record<string, [toy: string, bge: string]> };
}>('hugging_face.json');
const odd = Object.entries(oddBert.texts);

/** Every letter of this vocabulary can begin a word and go on with one, so that what becomes of each character shows. */
const toy = await loadTokenizer({
  model: 'bert',
  tokens: Texts.of(oddBert.pieces),
  types: Int32Array.from(oddBert.pieces, (_, token) => (token === 0 ? 2 : 1)),
  unkToken: 0,
});

test.each(odd)(`a toy vocabulary cuts %j as ${engine}`, (text, [expected]) => {
  expect(toy.encode(text)).toEqual(ids(expected));
});

test.skipIf(!haveVocab('bert-bge'))(
  `BGE cuts odd texts as ${engine} (skipped where ../shared/data is absent)`,
  async () => {
    const bge = await loadTokenizer(await loadVocab('bert-bge'));
    for (const [text, [, expected]] of odd) expect(bge.encode(text), JSON.stringify(text)).toEqual(ids(expected));
  },
);

test('a file says whether case and accents matter; accents stay where case does', async () => {
  const pieces = ['[UNK]', '▁É', '▁é', '▁E', '▁e'];
  const base = { model: 'bert', tokens: Texts.of(pieces), types: Int32Array.of(2, 1, 1, 1, 1), unkToken: 0 };
  const first = async (cases: object) => pieces[(await loadTokenizer({ ...base, ...cases })).encode('É')[0]!];
  expect(await first({})).toBe('▁e');
  expect(await first({ lowercase: false })).toBe('▁É');
  expect(await first({ lowercase: false, stripAccents: true })).toBe('▁E');
  expect(await first({ stripAccents: false })).toBe('▁é');
});
