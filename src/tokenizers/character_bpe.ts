import type { Vocab } from '../base/vocab.ts';
import { readMerges } from './bpe.ts';
import { createMerger } from './merge.ts';
import type { Roles } from './roles.ts';
import { utf8 } from './tokenizer.ts';

/**
 * GPT-2's merges over characters instead of bytes: appends the tokens of a word. A character that is no token becomes those of its UTF-8
 * bytes; -1 in `byteTokens` `[256]` is a byte that the vocabulary lacks.
 */
export function createCharacterBpe(vocab: Vocab, { plain }: Roles, byteTokens: Int32Array) {
  const nVocab = vocab.tokens.length;
  const table = readMerges(vocab, plain);
  const find = (left: number, right: number): number =>
    left < nVocab && right < nVocab ? table.find(left, right) : -1;
  const merge = createMerger({ ...table, find });

  return (word: string, tokens: number[]): void => {
    const symbols = new Int32Array(word.length); // a token, or nVocab + a character's code point
    let n = 0;
    for (const character of word) symbols[n++] = plain.get(character) ?? nVocab + character.codePointAt(0)!;
    n = merge(symbols, n);
    for (const symbol of symbols.subarray(0, n)) {
      if (symbol < nVocab) tokens.push(symbol);
      else for (const byte of utf8(String.fromCodePoint(symbol - nVocab))) appendByte(byte, tokens);
    }
  };

  function appendByte(byte: number, tokens: number[]): void {
    if (byteTokens[byte]! >= 0) tokens.push(byteTokens[byte]!);
  }
}
