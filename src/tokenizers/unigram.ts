import { FormatError } from '../base/errors.ts';
import type { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import { Charsmap } from './charsmap.ts';
import { isText, tokenType, type Roles } from './roles.ts';
import { byteOf, space } from './spm.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/** A piece may not be longer: each place of a text is compared with all of its lengths. SentencePiece itself makes none above 16 characters. */
const maxPieceBytes = 1024;

/**
 * SentencePiece's unigram model, T5's and XLM-RoBERTa's: of all ways to cut a text into pieces the one whose scores sum up to the most
 * (Kudo 2018, arXiv:1804.10959), after its characters became those that the model knows. As llama.cpp does, to the last bit of a score.
 */
export function createUnigram(vocab: Vocab, { types, plain }: Roles): TokenizerFamily {
  const scores = scoresOf(vocab, types);
  const { addSpacePrefix = false, removeExtraWhitespaces = false, unkToken = 2 } = vocab;
  const charsmap = vocab.charsmap && new Charsmap(vocab.charsmap);
  const spaces = { prefix: addSpacePrefix, merged: removeExtraWhitespaces };
  let cut: ((text: Uint8Array, tokens: number[]) => void) | undefined; // made when a text is first encoded
  return {
    encode(text, tokens) {
      cut ??= createBestCut(vocab, { types, plain, scores, unkToken });
      cut(normalized(utf8(text), charsmap, spaces), tokens);
    },
    bytes(token) {
      const piece = vocab.tokens.at(token)!;
      return types[token] === tokenType.byte ? Uint8Array.of(byteOf(piece)) : utf8(piece.replaceAll(space, ' '));
    },
    bosToken: vocab.bosToken,
    eosToken: vocab.eosToken ?? 1,
    addBos: vocab.addBos ?? false,
    addEos: vocab.addEos ?? true,
    spacePrefix: spaces.prefix || spaces.merged,
  };
}

/** U+2581, which spells a space. */
const spaceBytes = utf8(space);
const replacement = utf8('\uFFFD');
const asciiSpace = 0x20;

/** Bytes that grow. Characters come one at a time: a view of each would keep the garbage collector busy. */
class Bytes {
  private bytes = new Uint8Array(1024);
  private length = 0;

  add(from: Uint8Array, begin = 0, end = from.length): void {
    const length = this.length + end - begin;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    for (let i = begin; i < end; i++) this.bytes[this.length++] = from[i]!;
  }

  get all(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

interface Spaces {
  /** One in front. */
  readonly prefix: boolean;
  /** Runs become one, and those at the ends none. */
  readonly merged: boolean;
}

/** The text with its characters mapped and its spaces spelled U+2581, as the file says. */
function normalized(text: Uint8Array, charsmap: Charsmap | undefined, { prefix, merged }: Spaces): Uint8Array {
  const out = new Bytes();
  let isInside = false; // a word
  let hasPrefix = false;
  const add = (from: Uint8Array, begin: number, end: number): void => {
    for (let i = begin; i < end; i++) {
      const isSpace = from[i] === asciiSpace;
      if (isSpace ? !merged : !isInside && (merged || (prefix && !hasPrefix))) {
        out.add(spaceBytes);
        hasPrefix ||= !isSpace;
      }
      if (!isSpace) out.add(from, i, i + 1);
      isInside = !isSpace;
    }
  };
  for (let at = 0; at < text.length;) {
    const nMapped = charsmap?.match(text, at) ?? 0;
    const nBytes = nMapped || characterBytes(text, at);
    if (nMapped > 0) add(charsmap!.values, charsmap!.begin, charsmap!.end);
    else if (nBytes > 0) add(text, at, at + nBytes);
    else add(replacement, 0, replacement.length); // a key ended inside a character; what is left of it is none
    at += nBytes || 1;
  }
  return out.all;
}

/** How many bytes the character has that begins here; 0 in the middle of one. */
function characterBytes(text: Uint8Array, at: number): number {
  const first = text[at]!;
  if (first < 0x80) return 1;
  return first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

interface Known {
  readonly types: Uint8Array;
  readonly plain: TextIndex;
  /** `[nVocab]` */
  readonly scores: Float32Array;
  readonly unkToken: number;
}

/** The Viterbi algorithm. @throws FormatError for a vocabulary with a piece that is too long. */
function createBestCut(vocab: Vocab, { types, plain, scores, unkToken }: Known) {
  const unkScore = Math.fround(lowest(vocab, types) - 10);
  const longest = longestByStart(vocab, types);

  return (text: Uint8Array, tokens: number[]): void => {
    const n = text.length;
    const best = new Float64Array(n + 1).fill(-Number.MAX_VALUE); // the most that a cut of the text up to here sums up to
    const last = new Int32Array(n + 1).fill(unkToken); // its last token
    const from = new Int32Array(n + 1); // and where that begins
    best[0] = 0;
    const offer = (begin: number, end: number, token: number, score: number): void => {
      const sum = best[begin]! + score;
      if (!(sum > best[end]!)) return;
      best[end] = sum;
      last[end] = token;
      from[end] = begin;
    };
    for (let at = 0, nBytes = 0; at < n; at += nBytes) {
      nBytes = Math.min(characterBytes(text, at) || 1, n - at);
      let isKnown = false;
      plain.findEach(text, at, Math.min(n, at + longest(text, at)), (length, token) => {
        isKnown ||= length === nBytes;
        offer(at, at + length, token, scores[token]!);
      });
      if (!isKnown) offer(at, at + nBytes, unkToken, unkScore);
    }
    const found: number[] = [];
    for (let at = n; at > 0; at = from[at]!) {
      // characters that the vocabulary lacks are one unknown token together
      if (last[at] !== unkToken || found.at(-1) !== unkToken) found.push(last[at]!);
    }
    for (let i = found.length - 1; i >= 0; i--) tokens.push(found[i]!);
  };
}

/** `[nVocab]`; user-defined tokens go before all others. */
function scoresOf({ tokens, scores }: Vocab, types: Uint8Array): Float32Array {
  if (!scores) {
    throw new FormatError('tokenizer.ggml.scores is missing, a "t5" tokenizer needs it; convert the model again?');
  }
  const all = new Float32Array(tokens.length);
  for (let token = 0; token < all.length; token++)
    all[token] = types[token] === tokenType.userDefined ? 0 : scores[token]!;
  return all;
}

/** The worst score of a normal token. */
function lowest({ scores }: Vocab, types: Uint8Array): number {
  let least = 3.4028234663852886e38;
  scores!.forEach((score, token) => types[token] === tokenType.normal && (least = Math.min(least, score)));
  return least;
}

/**
 * How long a piece can be at a place of a text, by the four bytes that stand there: most places need few look-ups. Pieces of three bytes and
 * less are always looked for. Where two starts share a slot, the longer piece counts.
 */
function longestByStart({ tokens }: Vocab, types: Uint8Array): (text: Uint8Array, at: number) => number {
  const { bytes } = tokens;
  const longest = new Uint16Array(2 ** 16);
  const slotOf = (text: Uint8Array, at: number): number => {
    const start = text[at]! | (text[at + 1]! << 8) | (text[at + 2]! << 16) | (text[at + 3]! << 24);
    return Math.imul(start, 0x9e3779b1) >>> 16;
  };
  for (let token = 0; token < tokens.length; token++) {
    const nBytes = tokens.nBytes(token);
    if (nBytes < 4 || !isText(types[token]!)) continue;
    if (nBytes > maxPieceBytes) {
      const came = `token ${token} has ${nBytes} bytes`;
      throw new FormatError(
        `${came}, a "t5" tokenizer has pieces of ${maxPieceBytes} at most; convert the model again?`,
      );
    }
    const slot = slotOf(bytes, tokens.ends[token]! - nBytes);
    longest[slot] = Math.max(longest[slot]!, nBytes);
  }
  return (text, at) => (at + 4 > text.length ? 3 : Math.max(3, longest[slotOf(text, at)]!));
}
