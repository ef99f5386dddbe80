import type { MetadataValue } from '../../src/gguf/value_types.ts';

/** Control tokens at the end of the vocabulary. */
export const N_SPECIAL = 16;

/** Tokens of single bytes at its beginning. */
export const N_BYTES = 256;

/** The space as byte-level BPE writes it. */
const SPACE = '\u0120';

/**
 * A byte-level BPE tokenizer of any size: all bytes, pairs and triples of letters and digits in an order that makes one token
 * of a space and two lower-case letters, control tokens. So engines that take text only get prompts of a known length.
 */
export function vocabMetadata(nVocab: number, pre: string): Map<string, MetadataValue> {
  const pieces = bytePieces();
  const merges: string[] = [];
  const add = (left: string, right: string): void => {
    if (pieces.length >= nVocab - N_SPECIAL) return;
    pieces.push(left + right);
    merges.push(`${left} ${right}`);
  };
  const letters = [SPACE, ...'9876543210ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba'];
  for (const a of letters) for (const b of letters) add(a, b);
  for (const a of letters) for (const b of letters) for (const c of letters) add(a + b, c);
  const types = new Int32Array(nVocab).fill(NORMAL);
  for (let i = pieces.length; i < nVocab; i++) {
    types[i] = CONTROL;
    pieces.push(['<|endoftext|>', '<|im_start|>', '<|im_end|>'][i - nVocab + N_SPECIAL] ?? `<|reserved_${i}|>`);
  }
  return new Map<string, MetadataValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: pre }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: pieces }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', value: types }],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', value: merges }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: nVocab - N_SPECIAL + 1 }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: nVocab - N_SPECIAL + 2 }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
  ]);
}

const NORMAL = 1;
const CONTROL = 3;

/** Printable bytes stand for themselves; the others take the characters after U+00FF, in byte order. */
function bytePieces(): string[] {
  const printable = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = Array.from({ length: N_BYTES }, (_, byte) => byte);
  const others = bytes.filter((byte) => !printable(byte)).map((_, i) => String.fromCodePoint(256 + i));
  return [...bytes.filter(printable).map((byte) => String.fromCodePoint(byte)), ...others];
}

/** Words that are one token each with a space before: every two letters in the synthetic models, common ones in real models. */
export type Words = 'pairs' | 'english';

const letterPairs = Array.from({ length: 676 }, (_, i) => String.fromCharCode(97 + Math.floor(i / 26), 97 + (i % 26)));

const lists: Readonly<Record<Words, readonly string[]>> = {
  pairs: letterPairs,
  english: [
    'the',
    'of',
    'and',
    'to',
    'in',
    'is',
    'that',
    'for',
    'it',
    'was',
    'on',
    'are',
    'as',
    'with',
    'they',
    'at',
  ].concat([
    ...[
      'be',
      'this',
      'from',
      'have',
      'or',
      'by',
      'one',
      'had',
      'not',
      'but',
      'what',
      'all',
      'were',
      'when',
      'we',
      'there',
    ],
  ]),
};

/** `n` words in random order. */
export function promptText(words: Words, n: number, salt: number): string {
  const list = lists[words];
  let state = Math.imul(salt, 2654435761) >>> 0;
  const text = Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ` ${list[(state >>> 8) % list.length]!}`;
  });
  return text.join('');
}
