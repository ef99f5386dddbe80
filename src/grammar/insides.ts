import { Automaton } from './automaton.ts';
import { CommonTexts } from './common_texts.ts';
import type { TokenTexts } from './token_texts.ts';
import { trieOf, type Trie } from './trie.ts';
import { Walk } from './walk.ts';

/** What a state of a terminal says about tokens, whatever comes behind the terminal. */
export interface Inside {
  /** Tokens of up to so many common characters stay inside; 0 where that says nothing. */
  readonly room: number;
  /** `[ceil(nVocab / 32)]` other tokens that stay inside; undefined where `tokens` lists them because they are few. */
  readonly bits: Uint32Array | undefined;
  readonly tokens: Int32Array;
  /** Nodes where the terminal may be over, and longer tokens go on. */
  readonly leaves: Int32Array;
  /** Walks the trie that these nodes are of. */
  readonly walk: Walk;
}

/** A list of more than a part in so many of the vocabulary takes more room than a bit for each token. */
const FEW = 32;

/** The most bytes of bits that are kept: what was not used for longest goes first. */
const KEPT_BYTES = 64 * 2 ** 20;

/** By state of the automaton, what it says about tokens. */
export class Insides {
  readonly automaton = new Automaton();
  readonly texts: TokenTexts;
  readonly common: CommonTexts;
  /** By the tokens that are walked; undefined: all of them. */
  readonly #walks: ReadonlyMap<Int32Array | undefined, Walk>;
  readonly #few = new Map<number, Inside>();
  readonly #many = new Map<number, Inside>(); // in the order of use
  readonly #bits: Uint32Array;
  readonly #maxBytes: number;

  constructor(texts: TokenTexts, sorted: Int32Array, all: Trie) {
    this.texts = texts;
    this.#maxBytes = all.maxDepth;
    this.common = new CommonTexts(texts, sorted, this.automaton);
    const { rest, walked } = this.common;
    const parts = [rest, ...walked.map(({ tokens }) => tokens)];
    this.#walks = new Map([
      [undefined, new Walk(this.automaton, all)],
      ...parts.map((tokens) => [tokens, new Walk(this.automaton, trieOf(texts, tokens))] as const),
    ]);
    this.#bits = new Uint32Array(texts.ends.length);
  }

  /** Forgets what a walk that ended in an error left behind. */
  reset(): void {
    for (const walk of this.#walks.values()) walk.leaves.n = 0;
  }

  of(state: number): Inside {
    const few = this.#few.get(state);
    if (few) return few;
    const many = this.#many.get(state);
    if (many) {
      this.#many.delete(state);
      this.#many.set(state, many);
      return many;
    }
    const same = this.automaton.within(state, this.#maxBytes);
    if (same === state) return this.#make(state);
    const inside = this.of(same);
    if (!inside.bits) this.#few.set(state, inside);
    return inside;
  }

  #make(state: number): Inside {
    const { n: room, others } = this.common.room(state);
    const walk = this.#walks.get(others)!;
    const { leaves } = walk;
    const begin = leaves.n;
    const bits = this.#bits.fill(0);
    walk.below(0, state, bits);
    const found = leaves.list.slice(begin, leaves.n);
    leaves.n = begin;
    const nTokens = countBits(bits);
    if (nTokens * FEW < bits.length * 32) {
      const inside: Inside = { room, bits: undefined, tokens: tokensOf(bits, nTokens), leaves: found, walk };
      this.#few.set(state, inside);
      return inside;
    }
    const inside: Inside = { room, bits: bits.slice(), tokens: new Int32Array(0), leaves: found, walk };
    if ((this.#many.size + 1) * bits.byteLength > KEPT_BYTES) this.#many.delete(this.#many.keys().next().value!);
    this.#many.set(state, inside);
    return inside;
  }
}

/** Sums of 2, 4 and 8 neighbouring bits, then of the bytes (Warren, *Hacker's Delight*, 5-1). */
function countBits(bits: Uint32Array): number {
  let n = 0;
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i]!;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    word = (word + (word >>> 4)) & 0x0f0f0f0f;
    n += Math.imul(word, 0x01010101) >>> 24;
  }
  return n;
}

function tokensOf(bits: Uint32Array, n: number): Int32Array {
  const tokens = new Int32Array(n);
  let at = 0;
  for (let i = 0; i < bits.length; i++) {
    for (let word = bits[i]!; word !== 0; word &= word - 1) tokens[at++] = i * 32 + (31 - Math.clz32(word & -word));
  }
  return tokens;
}
