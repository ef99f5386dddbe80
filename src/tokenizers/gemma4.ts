import type { Vocab } from '../base/vocab.ts';
import { tokenType, type Roles } from './added_tokens.ts';
import { readMerges } from './bpe.ts';
import { createMerger } from './merge.ts';
import { byteOf, findByteTokens, space } from './spm.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/**
 * Gemma 4's BPE: merges in the order in which they were learned, like GPT-2's, but over characters with spaces spelled as SentencePiece
 * spells them. A text is cut at newlines only, and a run of these that is a token stays whole. A character that is no token becomes the
 * tokens of its UTF-8 bytes.
 */
export function createGemma4(vocab: Vocab, { types, plain }: Roles): TokenizerFamily {
  const nVocab = vocab.tokens.length;
  const table = readMerges(vocab, plain);
  const find = (left: number, right: number): number =>
    left < nVocab && right < nVocab ? table.find(left, right) : -1;
  const merge = createMerger({ ...table, find });
  const byteTokens = findByteTokens(vocab.tokens, types); // [256]

  function appendLine(line: string, tokens: number[]): void {
    const whole = line[0] === '\n' ? plain.get(line) : undefined;
    if (whole !== undefined) return void tokens.push(whole);
    const symbols = new Int32Array(line.length); // a token, or nVocab + a character's code point
    let n = 0;
    for (const character of line) symbols[n++] = plain.get(character) ?? nVocab + character.codePointAt(0)!;
    n = merge(symbols, n);
    for (const symbol of symbols.subarray(0, n)) {
      if (symbol < nVocab) tokens.push(symbol);
      else for (const token of bytesOf(symbol - nVocab)) if (token >= 0) tokens.push(token);
    }
  }

  const bytesOf = (codePoint: number): number[] =>
    [...utf8(String.fromCodePoint(codePoint))].map((byte) => byteTokens[byte]!);

  return {
    encode(text, tokens) {
      for (const line of text.replaceAll(' ', space).match(/[^\n]+|\n+/g) ?? []) appendLine(line, tokens);
    },
    bytes(token) {
      const piece = vocab.tokens.at(token)!;
      return types[token] === tokenType.byte ? Uint8Array.of(byteOf(piece)) : utf8(piece.replaceAll(space, ' '));
    },
    bosToken: vocab.bosToken,
    eosToken: vocab.eosToken,
    addBos: true, // whatever the file says, as llama.cpp does: the model is lost without it
    addEos: vocab.addEos ?? false,
    spacePrefix: false,
  };
}
