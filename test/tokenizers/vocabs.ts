import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readGguf } from '../../src/gguf/read.ts';
import { readVocab } from '../../src/gguf/vocab.ts';
import { blobSource } from '../../src/bytes/blob.ts';
import { openNodeFile } from '../../src/bytes/node_file.ts';
import { vocabCases, vocabFile } from '../helpers/vocab_files.ts';
import { Texts } from '../../src/base/texts.ts';
import type { Vocab } from '../../src/base/vocab.ts';

const embedded = new URL('../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url);

export const vocabNames: readonly string[] = [
  ...['smollm2', 'gpt-2', 'starcoder', 'llama-spm', 'phi-3', 'bert-bge'],
  ...['nomic-bert-moe', 'gemma-4', 'qwen35', 'llama-bpe', 'deepseek-llm'],
];

/** False for vocabularies that are not in the tree, where `../shared/data` and peers are absent: tests that need the file skip with that reason. */
export function haveVocab(name: string): boolean {
  return name === 'smollm2' || vocabFile(name) !== undefined;
}

export async function loadVocab(name: string): Promise<Vocab> {
  const source =
    name === 'smollm2' ? await openNodeFile(fileURLToPath(embedded)) : blobSource(new Blob([vocabFile(name)!]));
  try {
    return readVocab((await readGguf(source)).metadata);
  } finally {
    await source.close?.();
  }
}

/** llama.cpp's own cases for a vocabulary: texts, and the ids that each must give. */
export function loadCases(name: string): { text: string; tokens: number[] }[] {
  const texts = vocabCases(name, 'inp').split('\n__ggml_vocab_test__\n');
  const lines = vocabCases(name, 'out').split('\n');
  return texts.map((text, i) => ({ text, tokens: ids(lines[i]!) }));
}

export function ids(line: string): number[] {
  return (line.match(/\d+/g) ?? []).map(Number);
}

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/tokenizers/${name}`, import.meta.url), 'utf8')) as T;
}

/** A byte-level BPE that knows every byte and the given pieces and merges. */
export function bytesVocab({ merges = [], added = [] }: { merges?: string[]; added?: [string, number][] } = {}): Vocab {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const prints = bytes.filter((byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad));
  const others = bytes.filter((byte) => !prints.includes(byte)).map((_, i) => String.fromCharCode(0x100 + i));
  const text = [
    ...prints.map((byte) => String.fromCharCode(byte)),
    ...others,
    ...merges.map((m) => m.replace(' ', '')),
  ];
  return {
    model: 'gpt2',
    pre: 'gpt-2',
    merges: Texts.of(merges),
    tokens: Texts.of([...text, ...added.map(([piece]) => piece)]),
    types: Int32Array.from([...text.map(() => 1), ...added.map(([, type]) => type)]),
  };
}

/** A SentencePiece vocabulary with all bytes and the given pieces, best first. */
export function piecesVocab(pieces: string[], more: Partial<Vocab> = {}): Vocab {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const control = ['<unk>', '<s>', '</s>'];
  return {
    model: 'llama',
    tokens: Texts.of([...control, ...bytes, ...pieces]),
    types: Int32Array.from([2, 3, 3, ...bytes.map(() => 6), ...pieces.map(() => 1)]),
    scores: Float32Array.from([0, 0, 0, ...bytes.map(() => 0), ...pieces.map((_, i) => -i)]),
    ...more,
  };
}

/** Numbers in [0, 1) that are the same in every run (xorshift32). */
export function seeded(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}
