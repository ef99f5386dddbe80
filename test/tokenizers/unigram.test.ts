import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { Texts } from '../../src/base/texts.ts';
import { Charsmap } from '../../src/tokenizers/charsmap.ts';
import { decode, loadTokenizer } from '../../src/tokenizers/index.ts';
import { fixture, ids, seeded } from './vocabs.ts';
import { charsmapOf, unigramTexts, unigramVocab, type UnigramFlags } from './unigram_vocab.ts';

const golden = fixture<{ engine: string; ways: { flags: UnigramFlags; ids: string[] }[] }>('unigram.json');

describe.each(golden.ways)('$flags', async ({ flags, ids: expected }) => {
  const tokenizer = await loadTokenizer(unigramVocab(flags));

  test.each(unigramTexts.map((text, i) => [text, expected[i]!]))(
    `%j becomes what ${golden.engine} says`,
    (text, line) => {
      expect(tokenizer.encode(text, { special: true })).toEqual(ids(line));
    },
  );

  test('what comes back has lost its odd spaces, and nothing else', () => {
    for (const text of ['abc', 'a bc', 'fi é', '会社 1']) expect(decode(tokenizer, tokenizer.encode(text))).toBe(text);
  });
});

describe('a unigram vocabulary', () => {
  test('says where a sequence ends, and that it wants to', async () => {
    const tokenizer = await loadTokenizer(unigramVocab());
    expect(tokenizer).toMatchObject({ addBos: false, addEos: true, eosToken: 1, bosToken: undefined });
    expect(tokenizer.isEndOfGeneration(1)).toBe(true);
    const { addEos } = await loadTokenizer(unigramVocab({ addEos: false }));
    expect(addEos).toBe(false);
  });

  test('closed to user-defined tokens, text becomes other ones', async () => {
    const tokenizer = await loadTokenizer(unigramVocab({ addSpacePrefix: true }));
    const pieces = (userDefined: boolean) => tokenizer.encode('ab<mask>', { userDefined }).map(tokenizer.piece);
    expect(pieces(true)).toEqual(['ab', '<mask>']);
    expect(pieces(false)).toEqual(['▁ab', '<unk>', 'a', '<unk>']);
  });

  test('without scores, or with a piece of a page, is refused', async () => {
    await expect(loadTokenizer(unigramVocab({ scores: undefined }))).rejects.toThrow(/scores is missing, a "t5"/);
    const vocab = unigramVocab();
    const tokens = Texts.of([...vocab.tokens].map((piece) => (piece === 'abc' ? 'a'.repeat(2000) : piece)));
    const tokenizer = await loadTokenizer({ ...vocab, tokens });
    expect(() => tokenizer.encode('a')).toThrow(/token \d+ has 2000 bytes.*1024 at most/);
  });

  test('without rules for characters takes them as they are', async () => {
    const tokenizer = await loadTokenizer(unigramVocab({ charsmap: undefined }));
    expect(tokenizer.encode('ﬁa').map(tokenizer.piece)).toEqual(['<unk>', 'a']);
  });
});

describe('rules for characters', () => {
  const rules = [
    ['a', 'b'],
    ['ab', 'c'],
    ['abcd', ''],
  ] as const;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const mapped = (map: Charsmap, text: string): [number, string] => {
    const nBytes = map.match(bytes(text), 0);
    return [nBytes, new TextDecoder().decode(map.values.subarray(map.begin, map.end))];
  };

  test('the longest key counts', () => {
    const map = new Charsmap(charsmapOf(rules));
    expect(mapped(map, 'ax')).toEqual([1, 'b']);
    expect(mapped(map, 'abcx')).toEqual([2, 'c']);
    expect(mapped(map, 'abcd')).toEqual([4, '']);
    expect(map.match(bytes('x'), 0)).toBe(0);
  });

  test.each([
    ['nothing', [], /array has 0 bytes of 0/],
    ['a length that is cut off', [8, 0], /array has 2 bytes of 2/],
    ['an array longer than the file', [255, 255, 255, 255, 0, 0, 0, 0, 0], /array has 4294967295 bytes of 9/],
    ['no values', [4, 0, 0, 0, 0, 0, 0, 0], /array has 4 bytes of 8/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => new Charsmap(Uint8Array.from(bytes))).toThrow(FormatError);
    expect(() => new Charsmap(Uint8Array.from(bytes))).toThrow(message);
  });

  test('an array without units has no rules', () => {
    expect(new Charsmap(Uint8Array.of(0, 0, 0, 0, 0)).match(bytes('a'), 0)).toBe(0);
  });

  test('a value that lies or ends outside, or is a page long, is refused when it is used', () => {
    for (const value of ['x'.repeat(300), 'x']) {
      const table = charsmapOf([['a', value]]);
      if (value === 'x') table[table.length - 1] = 0x78;
      const map = new Charsmap(table);
      expect(() => map.match(bytes('a'), 0)).toThrow(/a value at byte 0 of \d+ does not end within 256/);
    }
  });

  test('a key that goes round in circles is refused instead of read for ever', () => {
    // one unit for each byte whose offset leads back to itself: index ^ offset ^ byte is the same again
    const units = Uint32Array.from({ length: 512 }, (_, i) =>
      i === 0 ? 256 << 10 : i === 256 + 0x61 ? (0x61 << 10) | 0x61 : 0,
    );
    const table = Uint8Array.from([0, 8, 0, 0, ...new Uint8Array(units.buffer), 0]);
    expect(() => new Charsmap(table).match(bytes('a'.repeat(1000)), 0)).toThrow(/a key has more than 128 bytes/);
  });

  test('whatever a file holds, a text is encoded in no time, or the file is refused', async () => {
    const random = seeded(11);
    const good = unigramVocab().charsmap!;
    let nRefused = 0;
    for (let i = 0; i < 300; i++) {
      const charsmap = good.slice(0, Math.ceil(random() * good.length));
      for (let n = random() * 400; n > 0; n--) charsmap[Math.floor(random() * charsmap.length)] = random() * 256;
      if (random() < 0.5) charsmap.set(good.subarray(0, Math.min(4, charsmap.length)));
      try {
        const tokenizer = await loadTokenizer(unigramVocab({ charsmap }));
        for (const text of unigramTexts) tokenizer.encode(text);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        nRefused++;
      }
    }
    expect(nRefused).toBeGreaterThan(30);
    expect(nRefused).toBeLessThan(300);
  });
});
