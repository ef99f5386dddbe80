import { describe, expect, it, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { Texts } from '../../src/base/texts.ts';
import { createMetadata } from '../../src/gguf/metadata.ts';
import type { Metadata } from '../../src/gguf/metadata.ts';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import { readVocab } from '../../src/gguf/vocab.ts';

const metadata = (values: Record<string, MetadataValue>) => createMetadata(new Map(Object.entries(values)), 'm.gguf');

const values: Record<string, MetadataValue> = {
  layers: { type: 'u32', value: 30 },
  long: { type: 'u64', value: 8192 },
  signed: { type: 'i32', value: -1 },
  big: { type: 'u64', value: 2n ** 60n },
  eps: { type: 'f32', value: 0.5 },
  nan: { type: 'f32', value: NaN },
  flag: { type: 'bool', value: true },
  name: { type: 'string', value: 'tiny' },
  pieces: { type: 'array', of: 'string', value: ['a', 'b'] },
  scores: { type: 'array', of: 'f32', value: Float32Array.of(1, 2) },
  ids: { type: 'array', of: 'u64', value: BigUint64Array.of(1n) },
};

describe('metadata', () => {
  it('reads each kind of value', () => {
    const meta = metadata(values);
    expect([meta.u32('layers'), meta.u32('long'), meta.f32('eps'), meta.f32('layers')]).toEqual([30, 8192, 0.5, 30]);
    expect([meta.bool('flag'), meta.string('name'), meta.strings('pieces')]).toEqual([true, 'tiny', ['a', 'b']]);
    expect(meta.numbers('scores')).toEqual(Float32Array.of(1, 2));
    expect([meta.has('flag'), meta.has('nope'), meta.size]).toEqual([true, false, 11]);
  });

  it('falls back only where a key is missing, to undefined too', () => {
    const meta = metadata(values);
    expect([meta.u32('nope', 7), meta.string('nope', undefined), meta.u32('layers', 7)]).toEqual([7, undefined, 30]);
    expect(() => meta.u32('name', 7)).toThrow(FormatError);
  });

  test.each<[(meta: Metadata) => unknown, string]>([
    [(meta) => meta.u32('nope'), 'm.gguf: metadata "nope" is missing, expected a whole number from 0 to 4294967295'],
    [(meta) => meta.u32('signed'), '"signed" is i32 -1, expected a whole number'],
    [(meta) => meta.u32('big'), '"big" is u64 1152921504606846976, expected a whole number'],
    [(meta) => meta.u32('eps'), '"eps" is f32 0.5, expected a whole number'],
    [(meta) => meta.f32('nan'), '"nan" is f32 NaN, expected a finite number'],
    [(meta) => meta.bool('layers'), '"layers" is u32 30, expected a bool'],
    [(meta) => meta.string('pieces'), '"pieces" is array of 2 string, expected a string'],
    [(meta) => meta.strings('scores'), '"scores" is array of 2 f32, expected an array of strings'],
    [(meta) => meta.numbers('name'), '"name" is string "tiny", expected an array of numbers'],
    [(meta) => meta.numbers('ids'), '"ids" is array of 1 u64, expected an array of numbers'],
  ])('says which key is wrong, what came and what was expected (%#)', (read, message) => {
    expect(() => read(metadata(values))).toThrow(message);
  });
});

const vocab: Record<string, MetadataValue> = {
  'tokenizer.ggml.model': { type: 'string', value: 'llama' },
  'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: ['<unk>', '<s>', '</s>', 'a'] },
  'tokenizer.ggml.scores': { type: 'array', of: 'f32', value: Float32Array.of(0, 0, 0, -1) },
  'tokenizer.ggml.token_type': { type: 'array', of: 'u32', value: Uint32Array.of(2, 3, 3, 1) },
  'tokenizer.ggml.bos_token_id': { type: 'u32', value: 1 },
  'tokenizer.ggml.padding_token_id': { type: 'u32', value: 0xffffffff },
  'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
};

describe('readVocab', () => {
  it('reads tokens, scores, types, special tokens and flags; what the file does not say is undefined', () => {
    expect(readVocab(metadata(vocab))).toEqual({
      model: 'llama',
      tokens: Texts.of(['<unk>', '<s>', '</s>', 'a']),
      scores: Float32Array.of(0, 0, 0, -1),
      types: Int32Array.of(2, 3, 3, 1),
      bosToken: 1,
      addBos: true,
    });
  });

  it('reads what else tells texts from markup: ends, code to fill in, rules for characters, tokens never to be drawn', () => {
    const more: Record<string, MetadataValue> = {
      'general.architecture': { type: 'string', value: 'nomic-bert-moe' },
      'tokenizer.ggml.eom_token_id': { type: 'u32', value: 2 },
      'tokenizer.ggml.prefix_token_id': { type: 'u32', value: 1 },
      'tokenizer.ggml.fim_suf_token_id': { type: 'u32', value: 3 },
      'tokenizer.ggml.suffix_token_id': { type: 'u32', value: 1 },
      'tokenizer.ggml.fim_sep_token_id': { type: 'u32', value: 9 },
      'tokenizer.ggml.normalizer.lowercase': { type: 'bool', value: false },
      'tokenizer.ggml.precompiled_charsmap': { type: 'array', of: 'i8', value: Int8Array.of(1, -1) },
      'tokenizer.ggml.suppress_tokens': { type: 'array', of: 'i32', value: Int32Array.of(3, -1, 4, 3, 0) },
    };
    const found = readVocab(metadata({ ...vocab, ...more }));
    expect(found).toMatchObject({ architecture: 'nomic-bert-moe', eomToken: 2, fimPreToken: 1, fimSufToken: 3 });
    expect(found).toMatchObject({ lowercase: false, charsmap: Uint8Array.of(1, 255), suppressTokens: [3, 0] });
    expect([found.fimSepToken, found.fimMidToken, found.stripAccents]).toEqual([undefined, undefined, undefined]);
  });

  test.each<[string, MetadataValue, string]>([
    [
      'tokenizer.ggml.precompiled_charsmap',
      { type: 'array', of: 'i32', value: Int32Array.of(1) },
      'precompiled_charsmap holds numbers of other types, expected bytes',
    ],
    [
      'tokenizer.ggml.scores',
      { type: 'array', of: 'f32', value: new Float32Array(3) },
      'scores has 3 entries for 4 tokens',
    ],
    ...[NaN, -Infinity].map((score): [string, MetadataValue, string] => [
      'tokenizer.ggml.scores',
      { type: 'array', of: 'f32', value: Float32Array.of(0, 0, 0, score) },
      `scores[3] is ${score}, expected a finite number`,
    ]),
    [
      'tokenizer.ggml.token_type',
      { type: 'array', of: 'i32', value: new Int32Array(5) },
      'token_type has 5 entries for 4',
    ],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', value: Int32Array.of(1, 7, 1, 1) }, 'token_type[1] is 7'],
    ['tokenizer.ggml.bos_token_id', { type: 'string', value: '<s>' }, 'expected a whole number'],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: [] }, 'tokens is empty'],
  ])('refuses an inconsistent %s (%#)', (key, value, message) => {
    expect(() => readVocab(metadata({ ...vocab, [key]: value }))).toThrow(FormatError);
    expect(() => readVocab(metadata({ ...vocab, [key]: value }))).toThrow(message);
  });
});
