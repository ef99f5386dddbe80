import { describe, expect, test } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { createTokenizer, decode, loadTokenizer } from '../../src/tokenizers/index.ts';
import { Texts } from '../../src/base/texts.ts';
import type { Vocab } from '../../src/base/vocab.ts';
import { bytesVocab, piecesVocab, seeded } from './vocabs.ts';

const text = (tokenizer: ReturnType<typeof createTokenizer>, tokens: number[]): string[] =>
  tokens.map((token) => new TextDecoder().decode(tokenizer.bytes(token)));

describe('added tokens', () => {
  const vocab = bytesVocab({
    merges: ['< |', '<| e', '<|e n', '<|en d', '| >', '<|end |>', 'h i'],
    added: [
      ['<|start|>', 3],
      ['<tool>', 4],
      ['<tool>>', 4],
      ['<unk>', 2],
    ],
  });
  const tokenizer = createTokenizer(vocab);

  test('control tokens are recognised only on request', () => {
    expect(text(tokenizer, tokenizer.encode('<|start|>hi', { special: true }))).toEqual(['<|start|>', 'hi']);
    expect(text(tokenizer, tokenizer.encode('<|start|>hi'))).toEqual(['<|', 's', 't', 'a', 'r', 't', '|>', 'hi']);
    expect(text(tokenizer, tokenizer.encode('<unk>', { special: true }))).toEqual(['<unk>']);
    expect(text(tokenizer, tokenizer.encode('<unk>'))).toHaveLength(5);
  });

  test('user-defined tokens are recognised always, the longest first', () => {
    expect(text(tokenizer, tokenizer.encode('a<tool>>b<tool>c'))).toEqual(['a', '<tool>>', 'b', '<tool>', 'c']);
  });

  test('user-defined tokens can be closed to text, also where merges would make them', () => {
    const closed = { userDefined: false };
    const plain = 'a<tool>>b<tool>c';
    expect(decode(tokenizer, tokenizer.encode(plain, closed))).toBe(plain);
    expect(tokenizer.encode(plain, closed).some(tokenizer.isAdded)).toBe(false);
    expect(text(tokenizer, tokenizer.encode('<tool><|start|>', { special: true, ...closed }))).not.toContain('<tool>');
    const pieces = piecesVocab(['▁', '<', 't', '<t', '<t>', '>', '\n']);
    const marked = createTokenizer({
      ...pieces,
      types: pieces.types!.map((type, i) => (i === 263 || i === 265 ? 4 : type)),
    });
    expect(text(marked, marked.encode('<t>\n'))).toEqual(['<t>', '\n']);
    expect(text(marked, marked.encode('<t>\n', closed))).toEqual([' ', '<t', '>', '\n']); // a single character is no markup
  });

  test('user-defined tokens of a trusted segment stay tokens where text is closed to them', () => {
    const segments = [
      { text: '<tool>', trusted: true },
      { text: '<tool>', trusted: false },
      { text: '<to', trusted: true },
      { text: 'ol>', trusted: false },
    ];
    const nTools = (options: object) =>
      text(tokenizer, tokenizer.encodeSegments(segments, options)).filter((piece) => piece === '<tool>').length;
    expect(nTools({})).toBe(2);
    expect(nTools({ userDefined: false })).toBe(1);
  });

  test('of more than 1 MiB are refused while opening', () => {
    const added = (nBytes: number) => bytesVocab({ added: [['x'.repeat(nBytes), 4]] });
    expect(() => createTokenizer(added(2 ** 20 + 1))).toThrow(FormatError);
    expect(() => createTokenizer(added(2 ** 20 + 1))).toThrow(/1,048,577 bytes as control or user-defined, the limit/);
    expect(createTokenizer(added(100_000)).encode(`a${'x'.repeat(100_000)}b`)).toHaveLength(3);
  });

  test('merges cannot build an end token from text, even one that the file marks as normal', () => {
    const end = [...vocab.tokens].indexOf('<|end|>');
    expect(vocab.types![end]).toBe(1);
    expect(tokenizer.encode('<|end|>')).not.toContain(end);
    expect(tokenizer.encode('<|end|>', { special: true })).toEqual([end]);
    expect(tokenizer.isEndOfGeneration(end)).toBe(true);
    expect(tokenizer.isControl(end)).toBe(true);
  });

  test('no user text gives a control token, whatever its pieces', () => {
    const pieces = ['<|', 'start', '|>', '<|start|>', '<|end|>', '<', '<unk>', 'hi', ' ', '<tool>', '|', '>'];
    const random = seeded(11);
    const texts = Array.from({ length: 3000 }, () =>
      Array.from({ length: 6 }, () => pieces[Math.floor(random() * pieces.length)]!).join(''),
    );
    const forged = (special: boolean): number =>
      texts.filter((text) => tokenizer.encode(text, { special }).some(tokenizer.isControl)).length;
    expect(forged(true)).toBeGreaterThan(500);
    expect(forged(false)).toBe(0);
    expect(texts.filter((text) => decode(tokenizer, tokenizer.encode(text)) !== text)).toEqual([]);
  });

  test('segments make words together, and a control token only within a trusted one', () => {
    const trusted = (part: string) => ({ text: part, trusted: true });
    const user = (part: string) => ({ text: part, trusted: false });
    const got = tokenizer.encodeSegments([trusted('<|start|>h'), user('i<|start|>'), trusted('<|end'), user('|>')]);
    expect(text(tokenizer, got).slice(0, 2)).toEqual(['<|start|>', 'hi']);
    expect(got.filter(tokenizer.isControl)).toEqual([[...vocab.tokens].indexOf('<|start|>')]);
  });

  test("Phi-3's added tokens swallow the space after them, apart from those of Llama", () => {
    const vocab = piecesVocab(['▁', 'a', '▁a', '\n'], { modelName: 'Phi-3-mini' });
    const phi3 = createTokenizer({
      ...vocab,
      tokens: Texts.of([...vocab.tokens, '<|user|>']),
      types: Int32Array.from([...vocab.types!, 3]),
      scores: Float32Array.from([...vocab.scores!, 0]),
    });
    const special = { special: true };
    expect(text(phi3, phi3.encode('<|user|> \n a', special))).toEqual(['<|user|>', ' a']);
    expect(text(phi3, phi3.encode('<s>\na', special))).toEqual(['<s>', ' ', '\n', 'a']);
  });
});

describe('what ends a generation', () => {
  const ends = (added: [string, number][], more = {}) => {
    const vocab = { ...bytesVocab({ added }), ...more };
    const tokenizer = createTokenizer(vocab);
    return [...vocab.tokens].filter((_, token) => tokenizer.isEndOfGeneration(token));
  };

  test('is known by spelling and by the ids in the file', () => {
    expect(
      ends([
        ['<|im_start|>', 3],
        ['<|im_end|>', 3],
        ['<|eot_id|>', 3],
      ]),
    ).toEqual(['<|im_end|>', '<|eot_id|>']);
    expect(
      ends(
        [
          ['<stop>', 3],
          ['<turn>', 3],
        ],
        { eosToken: 256, eotToken: 257 },
      ),
    ).toEqual(['<stop>', '<turn>']);
  });

  test('leaves out <|end|> where it ends only one message of several', () => {
    expect(
      ends([
        ['<|end|>', 3],
        ['<|return|>', 3],
        ['<|call|>', 3],
      ]),
    ).toEqual(['<|return|>', '<|call|>']);
    expect(
      ends([
        ['<|end|>', 3],
        ['<|return|>', 3],
      ]),
    ).toEqual(['<|end|>', '<|return|>']);
  });

  test('is control even in a file without types', () => {
    const tokenizer = createTokenizer({
      ...bytesVocab({ added: [['ab', 1]] }),
      types: undefined,
      merges: Texts.of(['a b']),
      eosToken: 256,
    });
    expect(tokenizer.encode('ab')).toHaveLength(2);
    expect(tokenizer.isControl(256)).toBe(true);
  });
});

describe('BOS and EOS', () => {
  test('are added on request', () => {
    const tokenizer = createTokenizer(piecesVocab(['▁a']));
    expect(tokenizer.encode('a')).toEqual([259]);
    expect(tokenizer.encode('a', { bos: tokenizer.addBos, eos: true })).toEqual([1, 259, 2]);
    expect(tokenizer.encode('', { bos: true })).toEqual([1]);
  });

  test('default to what the pre-tokenizer and the family do, the file has the last word', () => {
    const vocab = { ...bytesVocab(), bosToken: 0 };
    expect(createTokenizer(vocab).addBos).toBe(false);
    expect(createTokenizer({ ...vocab, pre: 'llama-bpe' }).addBos).toBe(true);
    expect(createTokenizer({ ...vocab, pre: 'llama-bpe', addBos: false }).addBos).toBe(false);
    expect(createTokenizer({ ...vocab, pre: 'llama-bpe', bosToken: undefined }).addBos).toBe(false);
    expect(createTokenizer(piecesVocab([])).addBos).toBe(true);
    expect(createTokenizer(piecesVocab([], { addBos: false })).addBos).toBe(false);
  });

  test('that the model does not have cannot be asked for', () => {
    expect(() => createTokenizer(bytesVocab()).encode('a', { bos: true })).toThrow(TypeError);
  });
});

describe('byte-level BPE', () => {
  test('a whole word that is a token wins over merges where the pre-tokenizer says so', () => {
    const vocab = { ...bytesVocab({ merges: ['b c'], added: [['abc', 1]] }) };
    expect(text(createTokenizer(vocab), createTokenizer(vocab).encode('abc'))).toEqual(['a', 'bc']);
    const llama3 = createTokenizer({ ...vocab, pre: 'llama-bpe' });
    expect(text(llama3, llama3.encode('abc'))).toEqual(['abc']);
  });

  test('of two equal merges the first one counts, and one without a token is ignored', () => {
    const vocab = bytesVocab({ merges: ['a b', 'b c'] });
    const tokenizer = createTokenizer({ ...vocab, merges: Texts.of(['x y', 'a b', 'b c', 'a b']) });
    expect(text(tokenizer, tokenizer.encode('abcxy'))).toEqual(['ab', 'c', 'x', 'y']);
  });

  test('a text is not normalised, not for Qwen either', () => {
    const tokenizer = createTokenizer({ ...bytesVocab({ merges: ['Ã ©'] }), pre: 'qwen2' });
    expect(text(tokenizer, tokenizer.encode('é'))).toEqual(['é']);
    expect(tokenizer.encode('e\u0301')).toHaveLength(3);
    expect(decode(tokenizer, tokenizer.encode('e\u0301'))).toBe('e\u0301');
  });

  test('a byte that the vocabulary lacks is left out, and nothing merges across it', () => {
    const vocab = bytesVocab({ merges: ['a b'] });
    const tokenizer = createTokenizer({
      ...vocab,
      tokens: Texts.of([...vocab.tokens].map((piece) => (piece === 'q' ? '[gone]' : piece))),
    });
    expect(text(tokenizer, tokenizer.encode('qabaqbq'))).toEqual(['ab', 'a', 'b']);
    expect(tokenizer.encode('qq')).toEqual([]);
  });

  test('merges are needed', () => {
    expect(() => createTokenizer({ ...bytesVocab(), merges: undefined })).toThrow(FormatError);
  });
});

describe('SentencePiece', () => {
  test('merges by score, the leftmost of equals first', () => {
    const vocab = piecesVocab(['▁', 'a', 'b', 'ab', 'ba']);
    const tokenizer = createTokenizer({ ...vocab, addSpacePrefix: false });
    expect(text(tokenizer, tokenizer.encode('bab'))).toEqual(['b', 'ab']);
    const level = createTokenizer({ ...vocab, addSpacePrefix: false, scores: undefined });
    expect(text(level, level.encode('bab'))).toEqual(['ba', 'b']);
  });

  test('falls back to bytes, and to the unknown token without them', () => {
    const vocab = piecesVocab(['▁', 'a']);
    const tokenizer = createTokenizer(vocab);
    expect(tokenizer.encode('aé').slice(2)).toEqual([3 + 0xc3, 3 + 0xa9]);
    const noBytes = createTokenizer({ ...vocab, types: vocab.types!.map((type) => (type === 6 ? 5 : type)) });
    expect(noBytes.encode('aé').slice(2)).toEqual([0]);
  });

  test('text that spells a byte token stays text', () => {
    const tokenizer = createTokenizer(piecesVocab(['▁', '<', '0', 'x', '4', '1', '>', '<0', '<0x', '<0x4', '<0x41']));
    expect(decode(tokenizer, tokenizer.encode('<0x41>'))).toBe('<0x41>');
  });

  test('a token with a space inside is found across words', () => {
    const tokenizer = createTokenizer(piecesVocab(['a▁b', '▁', 'a', 'b', 'a▁']));
    expect(text(tokenizer, tokenizer.encode('a b'))).toEqual([' ', 'a b']);
  });
});

test('an unknown tokenizer is refused by name, with those that are known', async () => {
  const vocab = { ...bytesVocab(), model: 'rwkv' };
  await expect(loadTokenizer(vocab)).rejects.toThrow(UnsupportedError);
  await expect(loadTokenizer(vocab)).rejects.toThrow(/"rwkv".*gpt2, llama, none, bert, gemma4, t5/);
  await expect(loadTokenizer({ ...bytesVocab(), pre: 'nosuch' })).rejects.toThrow(/"nosuch".*gemma4.*tekken/);
});

test('a token outside the vocabulary is a RangeError', () => {
  const tokenizer = createTokenizer(bytesVocab());
  for (const token of [-1, 256, 0.5]) expect(() => tokenizer.bytes(token)).toThrow(RangeError);
});

describe('what ends an answer', () => {
  const endsOf = (added: [string, number][], more: Partial<Vocab> = {}) => {
    const tokenizer = createTokenizer({ ...bytesVocab({ added }), ...more });
    return added.map(([piece]) => piece).filter((piece) => tokenizer.isEndOfGeneration(tokenizer.tokenOf(piece)!));
  };

  test('is known by its spelling, also where a file calls it text', () => {
    const ends: [string, number][] = [
      ...['<|im_end|>', '<|eom_id|>', '<turn|>', '[e~[', '<｜end▁of▁sentence｜>'].map((end): [string, number] => [
        end,
        1,
      ]),
      ['<|im_start|>', 3],
    ];
    expect(endsOf(ends)).toEqual(ends.slice(0, 5).map(([piece]) => piece));
    const tokenizer = createTokenizer(bytesVocab({ added: ends }));
    expect(ends.map(([piece]) => tokenizer.isControl(tokenizer.tokenOf(piece)!))).not.toContain(false);
  });

  test('is not where gpt-oss or Solar go on with another message', () => {
    const end: [string, number] = ['<|end|>', 3];
    expect(endsOf([end, ['<|return|>', 3]])).toEqual(['<|end|>', '<|return|>']);
    expect(endsOf([end, ['<|return|>', 3], ['<|call|>', 3]])).toEqual(['<|return|>', '<|call|>']);
    expect(endsOf([end, ['<|flush|>', 3], ['<|calls|>', 3]])).toEqual(['<|flush|>', '<|calls|>']);
    const eosToken = 256; // also where the file names it
    expect(endsOf([end, ['<|return|>', 3], ['<|call|>', 3]], { eosToken })).toEqual(['<|return|>', '<|call|>']);
  });

  test('is named by id: of a sequence, a turn, a message, of code that was filled in', () => {
    const added = [...'abcdefg'].map((name): [string, number] => [`<x${name}>`, 3]);
    const ids = { eosToken: 256, eotToken: 257, eomToken: 258, fimPadToken: 259, fimRepToken: 260, fimSepToken: 261 };
    expect(endsOf(added, ids)).toEqual(added.slice(0, 6).map(([piece]) => piece));
  });

  test('a spelling around code to fill in counts only where the file names no other token', () => {
    const added: [string, number][] = [['<|fim_pad|>', 3], ['<|file_sep|>', 3], ['<pad>', 3], ['<|fim_prefix|>', 1]]; // prettier-ignore
    expect(endsOf(added)).toEqual(['<|fim_pad|>', '<|file_sep|>']);
    expect(endsOf(added, { fimPadToken: 258 })).toEqual(['<|file_sep|>', '<pad>']);
    const tokenizer = createTokenizer(bytesVocab({ added }));
    expect(tokenizer.encode('<|fim_prefix|>', { special: true })).toEqual([259]);
  });
});

test('a token for a word to guess swallows the white space before it, in the models that want it', () => {
  const pieces = (vocab: Partial<Vocab>, mask: string) => {
    const tokenizer = createTokenizer({ ...bytesVocab({ added: [[mask, 3]] }), ...vocab });
    return text(tokenizer, tokenizer.encode(`a \n${mask} b`, { special: true })).join('|');
  };
  expect(pieces({ architecture: 'nomic-bert-moe' }, '<mask>')).toBe('a|<mask>| |b');
  expect(pieces({ architecture: 'jina-bert-v3' }, '<mask>')).toBe('a|<mask>| |b');
  expect(pieces({ pre: 'jina-v2-de' }, '<mask>')).toBe('a|<mask>| |b');
  expect(pieces({ modelName: 'ModernBERT' }, '[MASK]')).toBe('a| |\n|[MASK]| |b');
  expect(pieces({ modelName: 'modern-bert-base' }, '[MASK]')).toBe('a|[MASK]| |b');
  expect(pieces({ architecture: 'llama' }, '<mask>')).toBe('a| |\n|<mask>| |b');
});
