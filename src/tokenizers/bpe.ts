import { FormatError } from '../base/errors.ts';
import { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import type { Roles } from './roles.ts';
import { createMerger, type MergeTable } from './merge.ts';
import { cachePairs } from './pair_cache.ts';
import { createSplit, findPreTokenizer, type PreTokenizer } from './pretokenize.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/**
 * Byte-level BPE, GPT-2's and everyone's since: a text is cut into words, a word into its UTF-8 bytes, and bytes merge in the
 * order in which the merges were learned. Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", 2.2.
 */
export function createBpe(vocab: Vocab, { plain }: Roles, preTokenizers?: readonly PreTokenizer[]): TokenizerFamily {
  const { tokens } = vocab;
  const { patterns, ignoreMerges = false, addBos = false } = findPreTokenizer(vocab.pre ?? 'default', preTokenizers);
  const merge = createMerger(readMerges(vocab, plain));
  // Made when a text is first encoded: a model is ready without them.
  let split: ReturnType<typeof createSplit> | undefined;
  let byteTokens: readonly number[] | undefined; // [256]
  let maxWholeBytes = 0; // of a word that can be a token by itself; a piece has a character, one byte or more, for each
  if (ignoreMerges) {
    for (let token = 0; token < tokens.length; token++) maxWholeBytes = Math.max(maxWholeBytes, tokens.nBytes(token));
  }
  const cache = new Map<string, readonly number[]>();
  const encoder = new TextEncoder();
  const shared = new Uint8Array(256);

  function encodeWord(word: string): readonly number[] {
    const maxBytes = word.length * 3; // 3 per UTF-16 unit
    const bytes = maxBytes <= shared.length ? shared : new Uint8Array(maxBytes);
    const nBytes = encoder.encodeInto(word, bytes).written;
    if (nBytes <= maxWholeBytes) {
      const whole = plain.get(spell(bytes.subarray(0, nBytes)));
      if (whole !== undefined) return [whole];
    }
    byteTokens ??= byteSpelling.map((spelling) => plain.get(spelling) ?? -1);
    const symbols = new Int32Array(nBytes);
    const found: number[] = [];
    let n = 0;
    for (let i = 0; i <= nBytes; i++) {
      const token = i < nBytes ? byteTokens[bytes[i]!]! : -1;
      if (token >= 0) symbols[n++] = token;
      if (token >= 0 || n === 0) continue;
      // A byte that the vocabulary lacks is left out, and nothing merges across it.
      for (const symbol of symbols.subarray(0, merge(symbols, n))) found.push(symbol);
      n = 0;
    }
    return found;
  }

  function appendWord(word: string, tokens: number[]): void {
    const known = cache.get(word);
    const found = known ?? encodeWord(word);
    for (let i = 0; i < found.length; i++) tokens.push(found[i]!);
    if (known || word.length > maxCachedLength) return;
    if (cache.size >= maxCachedWords) cache.clear();
    cache.set(word, found);
  }

  return {
    encode(text, tokens) {
      split ??= createSplit(patterns);
      split(text, (word) => appendWord(word, tokens));
    },
    bytes: (token) => unspell(tokens.at(token)!),
    bosToken: vocab.bosToken,
    eosToken: vocab.eosToken,
    addBos: vocab.addBos ?? addBos,
    addEos: vocab.addEos ?? false,
    spacePrefix: false,
  };
}

/** Natural text repeats its short words. Longer ones are not kept: V8 would hold the whole text that they are a slice of. */
const maxCachedWords = 8192;
const maxCachedLength = 12;

/**
 * Looks a merge up as the file spells it, `left right`, and by number afterwards: turning all merges into pairs of tokens up
 * front takes as long as reading the file. A merge that makes a piece outside the vocabulary never applies.
 */
export function readMerges({ model, tokens, merges }: Vocab, plain: TextIndex): MergeTable {
  if (!merges) {
    throw new FormatError(
      `tokenizer.ggml.merges is missing, a "${model}" tokenizer needs it; convert the model again?`,
    );
  }
  const index = new TextIndex(merges); // of two alike the first one counts
  const rank = new Int32Array(merges.length); // filled, like the next, when a merge is first used
  const joined = new Int32Array(merges.length);
  let spelling = new Uint8Array(256);
  const find = (left: number, right: number): number => {
    const nBytes = tokens.nBytes(left) + tokens.nBytes(right);
    if (nBytes >= spelling.length) spelling = new Uint8Array(2 * nBytes + 1);
    const at = tokens.copy(left, spelling, 0);
    spelling[at] = 0x20;
    tokens.copy(right, spelling, at + 1);
    const merge = index.find(spelling, nBytes + 1);
    if (merge < 0) return -1;
    tokens.copy(right, spelling, at);
    const whole = plain.find(spelling, nBytes);
    if (whole < 0) return -1;
    rank[merge] = merge;
    joined[merge] = whole;
    return merge;
  };
  return { find: cachePairs(find), rank, joined };
}

/**
 * `[256]` one printable character per byte, so that pieces are text: bytes that print in Latin-1 spell themselves, the others
 * take U+0100, U+0101, … in order (GPT-2's encoder.py).
 */
const byteSpelling = spellBytes();
const spelledByte = new Map(byteSpelling.map((spelling, byte) => [spelling, byte]));

function spellBytes(): string[] {
  let next = 0x100;
  const prints = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
}

function spell(bytes: Uint8Array): string {
  let spelling = '';
  for (const byte of bytes) spelling += byteSpelling[byte]!;
  return spelling;
}

/** The bytes of a piece; a character that spells no byte (from a file that mixes spellings) stands for itself. */
function unspell(piece: string): Uint8Array {
  const bytes: number[] = [];
  for (const spelling of piece) {
    const byte = spelledByte.get(spelling);
    for (const each of byte === undefined ? utf8(spelling) : [byte]) bytes.push(each);
  }
  return Uint8Array.from(bytes);
}
