import { describe, expect, test } from 'vitest';
import { createTextStream, createTokenizer, decode } from '../../src/tokenizers/index.ts';
import { bytesVocab, piecesVocab } from './vocabs.ts';

const bytes = createTokenizer(
  bytesVocab({
    added: [
      ['<|x|>', 3],
      ['<tool>', 4],
    ],
  }),
); // one token per byte
const control = 256;

describe('a stream of tokens', () => {
  test('gives a character split over tokens once, whole', () => {
    const stream = createTextStream(bytes);
    const parts = bytes.encode('é€😀!').map((token) => stream.push(token));
    expect(parts).toEqual(['', 'é', '', '', '€', '', '', '', '😀', '!']);
    expect(stream.flush()).toBe('');
  });

  test('gives U+FFFD for bytes that are no character as soon as that is certain, at the latest at the end', () => {
    const euro = bytes.encode('€');
    const a = bytes.encode('a')[0]!;
    const stream = createTextStream(bytes);
    expect(stream.push(euro[1]!)).toBe('\ufffd');
    expect([stream.push(euro[0]!), stream.push(euro[1]!), stream.push(a)]).toEqual(['', '', '\ufffda']);
    expect([stream.push(euro[0]!), stream.flush()]).toEqual(['', '\ufffd']);
    expect([stream.push(a), stream.flush()]).toEqual(['a', '']);
  });

  test('keeps a byte order mark', () => {
    expect(decode(bytes, bytes.encode('\ufeffa\ufeff'))).toBe('\ufeffa\ufeff');
  });

  test('hides control tokens unless told otherwise, and shows user-defined ones', () => {
    const tokens = bytes.encode('a<|x|>b<tool>', { special: true });
    expect(tokens).toContain(control);
    expect(decode(bytes, tokens)).toBe('ab<tool>');
    expect(decode(bytes, tokens, { special: true })).toBe('a<|x|>b<tool>');
  });

  test('is the same as decoding all bytes at once', () => {
    const all = Array.from({ length: 4000 }, (_, i) => (i * i * 31 + (i >> 3) * 7) % 256);
    const whole = Buffer.concat(all.map((token) => bytes.bytes(token))).toString('utf8');
    expect(decode(bytes, all)).toBe(whole);
  });
});

describe('the space that SentencePiece writes before a text', () => {
  const spm = createTokenizer(piecesVocab(['▁a', '▁', 'a']));
  const [word] = spm.encode('a') as [number];

  test('is taken off at the start of a text and after an added token', () => {
    expect(decode(spm, [word, word])).toBe('a a');
    expect(decode(spm, [1, word, word])).toBe('a a');
    expect(decode(spm, spm.encode('  a</s> a<s>a', { special: true }), { special: true })).toBe('  a</s> a<s>a');
  });

  test('is kept when the stream goes on after a token of text', () => {
    expect(decode(spm, [word], { after: word })).toBe(' a');
    expect(decode(spm, [word], { after: 1 })).toBe('a');
  });

  test('is kept where the tokenizer does not write one', () => {
    const plain = createTokenizer(piecesVocab(['▁a', '▁', 'a'], { addSpacePrefix: false }));
    expect(decode(plain, plain.encode(' a'))).toBe(' a');
  });
});
