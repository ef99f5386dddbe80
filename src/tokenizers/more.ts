import { createBpe } from './bpe.ts';
import { createGemma4, createSarvam } from './gemma4.ts';
import { preTokenizers } from './more_pretokenizers.ts';
import type { CreateFamily } from './tokenizer.ts';
import { createUnigram } from './unigram.ts';
import { createWhitespace } from './whitespace.ts';
import { createWordPiece } from './wordpiece.ts';

/** Files of these pre-tokenizers say `gpt2`, but merge characters and not bytes. */
const byPreTokenizer: ReadonlyMap<string, CreateFamily> = new Map([
  ['gemma4', createGemma4],
  ['granite-embed-multi-311m', createGemma4],
  ['sarvam-moe', createSarvam],
]);

const named = [...byPreTokenizer.keys()].map((name) => ({ names: [name], patterns: [] }));

/** Tokenizer families by `tokenizer.ggml.model` that are loaded when a file needs one; `gpt2` with all pre-tokenizers. */
export const moreFamilies: ReadonlyMap<string, CreateFamily> = new Map<string, CreateFamily>([
  [
    'gpt2',
    (vocab, roles) =>
      byPreTokenizer.get(vocab.pre ?? '')?.(vocab, roles) ?? createBpe(vocab, roles, [...preTokenizers, ...named]),
  ],
  ['bert', createWordPiece],
  ['gemma4', createGemma4],
  ['t5', createUnigram],
  ['whitespace', createWhitespace],
]);
