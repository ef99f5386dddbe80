import { describe, expect, test } from 'vitest';
import { createTokenizer, loadTokenizer } from '../../src/tokenizers/index.ts';
import { preTokenizers } from '../../src/tokenizers/more_pretokenizers.ts';
import { createSplit } from '../../src/tokenizers/pretokenize.ts';
import { unigramVocab } from './unigram_vocab.ts';
import { bytesVocab, loadVocab, piecesVocab } from './vocabs.ts';

/** Texts of about n UTF-8 bytes made to hurt: one long word, one long run, or neighbours that nearly match. */
const shapes: Record<string, (n: number) => string> = {
  'one letter': (n) => 'a'.repeat(n),
  capitals: (n) => 'A'.repeat(n),
  spaces: (n) => ' '.repeat(n),
  'spaces before a digit': (n) => ' '.repeat(n) + '1',
  'spaces before a mark': (n) => 'x' + ' '.repeat(n) + '(',
  'line breaks': (n) => '\n'.repeat(n) + 'x',
  digits: (n) => '1234567890'.repeat(n / 10),
  'no white space': (n) => 'loremIpsum'.repeat(n / 10),
  punctuation: (n) => "!'<|".repeat(n / 4),
  Chinese: (n) => '天地玄黃'.repeat(n / 12),
  'digits before a letter': (n) => '1'.repeat(n) + 'a',
  'digits of two kinds': (n) => '1½'.repeat(n / 3),
  emoji: (n) => '😀👩‍👩'.repeat(n / 15),
  accents: (n) => 'e' + '\u0301'.repeat(n / 2),
};

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** Ten times the text may take 30 times as long: ten for the work, the rest for caches and the clock. Quadratic is 100. */
const bound = 30;

function expectLinear(run: (text: string) => void, shape: (n: number) => string, nBytes: number): void {
  const [small, large] = [shape(nBytes / 10), shape(nBytes)];
  run(small); // compiled and warm
  const smallTime = Math.min(...[1, 2, 3].map(() => time(() => run(small))));
  let ratio = Infinity;
  for (let i = 0; i < 10 && ratio >= bound; i++) ratio = time(() => run(large)) / Math.max(smallTime, 4); // ms; less is noise
  expect(ratio).toBeLessThan(bound);
}

describe('a prompt of 1 MB', async () => {
  for (const name of ['gpt-2', 'phi-3', 'bert-bge']) {
    const tokenizer = await loadTokenizer(await loadVocab(name));
    test.each(Object.entries(shapes))(`${name} encodes %s in linear time`, (_, shape) => {
      expectLinear((text) => tokenizer.encode(text), shape, 1_000_000);
    });
  }
});

describe('unigram', async () => {
  const tokenizer = await loadTokenizer(unigramVocab());
  test.each(Object.entries(shapes))('encodes %s in linear time', (_, shape) => {
    expectLinear((text) => tokenizer.encode(text), shape, 1_000_000);
  });
});

test.each(preTokenizers.map((row) => [row.names[0]!, row.patterns] as const))(
  '%s cuts in linear time',
  (_, patterns) => {
    const split = createSplit(patterns);
    for (const shape of Object.values(shapes)) expectLinear((text) => split(text, () => {}), shape, 100_000);
  },
);

test('added tokens are found in linear time, also where they nearly match everywhere', () => {
  const added = Array.from({ length: 300 }, (_, i): [string, number] => [`<|reserved_${i}|>`, 3]);
  const tokenizer = createTokenizer(bytesVocab({ added }));
  expectLinear(
    (text) => tokenizer.encode(text, { special: true }),
    (n) => '<|reserved_'.repeat(n / 11),
    1_000_000,
  );
  expectLinear(
    (text) => tokenizer.encode(text, { special: true }),
    (n) => '<|reserved_299|>'.repeat(n / 16),
    1_000_000,
  );
});

test('added tokens are found in linear time, also where long ones begin everywhere', () => {
  const added: [string, number][] = [
    [`${'a'.repeat(20_000)}b`, 3],
    [`b${'a'.repeat(20_000)}`, 4],
    ['aaaaaaaaaac', 4],
  ];
  const tokenizer = createTokenizer(bytesVocab({ added }));
  for (const special of [true, false])
    expectLinear(
      (text) => tokenizer.encode(text, { special }),
      (n) => 'a'.repeat(n),
      1_000_000,
    );
});

test('a text of 200,000 letters is no more than the stack can take', () => {
  const bytes = createTokenizer(bytesVocab({ added: [['<tool>', 4]] }));
  const pieces = createTokenizer(piecesVocab(['▁', 'a', 'b ▁c']));
  for (const unit of ['a', '😀', ' ', 'a ', '<tool>']) {
    const text = unit.repeat(200_000);
    for (const tokenizer of [bytes, pieces]) expect(tokenizer.encode(text).length, unit).toBeGreaterThan(190_000);
  }
});

test('a tokenizer of 150,000 tokens and merges is made in the time of a glance', () => {
  const merges: string[] = [];
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (const a of letters) for (const b of letters) merges.push(`${a} ${b}`);
  for (let i = 0; merges.length < 150_000; i++)
    merges.push(`${merges[i % 676]!.replace(' ', '')} ${merges[i >> 1]!.replace(' ', '')}`);
  const vocab = bytesVocab({ merges: [...new Set(merges)] });
  expect(time(() => createTokenizer(vocab))).toBeLessThan(2000); // about 70 ms on an idle machine; quadratic work takes minutes
});
