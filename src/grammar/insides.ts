import type { Automaton } from './automaton.ts';
import type { Trie } from './trie.ts';
import { Walk } from './walk.ts';

/** What a state of a terminal says about tokens, whatever comes behind the terminal. */
export interface Inside {
  /** `[ceil(nVocab / 32)]` tokens that stay inside; undefined where `tokens` lists them because they are few. */
  readonly bits: Uint32Array | undefined;
  readonly tokens: Int32Array | undefined;
  /** Nodes of the trie where the terminal may be over, and longer tokens go on. */
  readonly leaves: Int32Array;
}

/** A list of more than a sixty-fourth of the vocabulary takes more room than a bit for each token. */
const FEW = 64;

/** The most bytes of bits that are kept: the states that were not used for longest go first. */
const KEPT_BYTES = 64 * 2 ** 20;

/** By state of the automaton, what it says about tokens. */
export class Insides {
  readonly automaton: Automaton;
  readonly trie: Trie;
  readonly walk: Walk;
  readonly #few = new Map<number, Inside>();
  readonly #many = new Map<number, Inside>(); // in the order of use
  readonly #bits: Uint32Array;

  constructor(automaton: Automaton, trie: Trie) {
    this.automaton = automaton;
    this.trie = trie;
    this.walk = new Walk(automaton, trie);
    this.#bits = new Uint32Array(trie.ends.length);
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
    return this.#make(state);
  }

  #make(state: number): Inside {
    const { leaves } = this.walk;
    const begin = leaves.n;
    const bits = this.#bits.fill(0);
    this.walk.below(0, state, bits);
    const found = leaves.list.slice(begin, leaves.n);
    leaves.n = begin;
    const n = countBits(bits);
    if (n * FEW < this.trie.nVocab) {
      const inside: Inside = { bits: undefined, tokens: tokensOf(bits, n), leaves: found };
      this.#few.set(state, inside);
      return inside;
    }
    const inside: Inside = { bits: bits.slice(), tokens: undefined, leaves: found };
    if ((this.#many.size + 1) * bits.byteLength > KEPT_BYTES) this.#many.delete(this.#many.keys().next().value!);
    this.#many.set(state, inside);
    return inside;
  }
}

function countBits(bits: Uint32Array): number {
  let n = 0;
  for (let word of bits) for (; word !== 0; n++) word &= word - 1;
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
