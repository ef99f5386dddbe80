import type { TextIndex, Texts } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import { isText, tokenType, type Roles } from './roles.ts';
import { createMerger, type MergeTable } from './merge.ts';
import { cachePairs } from './pair_cache.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/** SentencePiece spells a space as U+2581. */
export const space = '\u2581';

/**
 * SentencePiece BPE (Kudo & Richardson 2018, arXiv:1808.06226): characters merge wherever two neighbours spell a token
 * together, best score first. A character that is no token becomes its UTF-8 bytes, or the unknown token.
 */
export function createSpm(vocab: Vocab, { types, plain }: Roles): TokenizerFamily {
  const nVocab = vocab.tokens.length;
  const merge = createMerger(pairsThatSpellTokens(vocab, plain));
  const split = createWordSplit(vocab.tokens, types);
  const byteTokens = findByteTokens(vocab.tokens, types); // [256]
  const unkToken = vocab.unkToken ?? (types[0] === tokenType.unknown ? 0 : undefined);

  /** A character without a token: bytes, or the unknown token where the file has no byte tokens. */
  function appendUnknown(character: string, tokens: number[]): void {
    const bytes = [...utf8(character)].map((byte) => byteTokens[byte]!);
    if (!bytes.includes(-1)) for (const byte of bytes) tokens.push(byte);
    else if (unkToken !== undefined) tokens.push(unkToken);
  }

  function appendWord(word: string, tokens: number[]): void {
    const symbols = new Int32Array(word.length);
    let n = 0;
    for (const character of word) symbols[n++] = plain.get(character) ?? nVocab + character.codePointAt(0)!;
    n = merge(symbols, n);
    for (let i = 0; i < n; i++) {
      const symbol = symbols[i]!;
      if (symbol < nVocab) tokens.push(symbol);
      else appendUnknown(String.fromCodePoint(symbol - nVocab), tokens);
    }
  }

  const spacePrefix = vocab.addSpacePrefix ?? true;
  return {
    encode(text, tokens) {
      for (const word of split((spacePrefix ? ' ' + text : text).replaceAll(' ', space))) appendWord(word, tokens);
    },
    bytes(token) {
      const piece = vocab.tokens.at(token)!;
      return types[token] === tokenType.byte ? Uint8Array.of(byteOf(piece)) : utf8(piece.replaceAll(space, ' '));
    },
    bosToken: vocab.bosToken ?? 1,
    eosToken: vocab.eosToken ?? 2,
    addBos: vocab.addBos ?? true,
    addEos: vocab.addEos ?? false,
    spacePrefix,
  };
}

/** Two symbols may join where together they spell a token. A symbol is a token, or nVocab + a character's code point. */
function pairsThatSpellTokens(vocab: Vocab, plain: TextIndex): MergeTable {
  const nVocab = vocab.tokens.length;
  const pieceOf = (symbol: number): string =>
    symbol < nVocab ? vocab.tokens.at(symbol)! : String.fromCodePoint(symbol - nVocab);
  return {
    find: cachePairs((left, right) => plain.get(pieceOf(left) + pieceOf(right)) ?? -1),
    rank: rankByScore(vocab),
    joined: upTo(nVocab),
  };
}

/** `[n]` 0, 1, 2, … */
function upTo(n: number): Int32Array {
  const numbers = new Int32Array(n);
  for (let i = 0; i < n; i++) numbers[i] = i;
  return numbers;
}

/** `[nVocab]` 0 for the best score; equal scores share a rank, so that the leftmost pair goes first. */
function rankByScore({ tokens, scores }: Vocab): Int32Array {
  const ranks = new Int32Array(tokens.length);
  if (!scores) return ranks;
  const order = upTo(tokens.length).sort((a, b) => scores[b]! - scores[a]!);
  for (let i = 1; i < order.length; i++) {
    const previous = order[i - 1]!;
    ranks[order[i]!] = ranks[previous]! + (scores[order[i]!] === scores[previous] ? 0 : 1);
  }
  return ranks;
}

/**
 * Cuts a text before each word's spaces, so that one long text becomes many short merges. A token with a space after another
 * character could span a cut; where the vocabulary has one, the text stays whole.
 */
function createWordSplit(tokens: Texts, types: Uint8Array): (text: string) => Iterable<string> {
  for (let token = 0; token < tokens.length; token++) {
    if (isText(types[token]!) && /[^\u2581]\u2581/.test(tokens.at(token)!)) return (text) => [text];
  }
  return (text) => text.match(/\u2581*[^\u2581]+|\u2581+/g) ?? [];
}

/** `[256]` the tokens `<0x00>` … `<0xFF>`; -1 where there is none. */
export function findByteTokens(tokens: Texts, types: Uint8Array): Int32Array {
  const found = new Int32Array(256).fill(-1);
  for (let token = 0; token < tokens.length; token++) {
    if (types[token] !== tokenType.byte) continue;
    const byte = byteOf(tokens.at(token)!);
    if (byte >= 0) found[byte] = token;
  }
  return found;
}

/** `<0x0A>` -> 10; -1 for another spelling. */
export function byteOf(piece: string): number {
  const hex = /^<0x([0-9A-F]{2})>$/i.exec(piece)?.[1];
  return hex === undefined ? -1 : parseInt(hex, 16);
}
