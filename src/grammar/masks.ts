import type { Config } from './config.ts';
import type { Stack, Stacks } from './stacks.ts';
import type { Insides } from './insides.ts';
import { checkLimit } from './limits.ts';

/**
 * Masks of configurations. For each thread, what its terminal says by itself is known (`Insides`); tokens that reach behind
 * the terminal are walked on, from the nodes where it may be over.
 */
export class Masks {
  readonly #stacks: Stacks;
  readonly #insides: Insides;
  /** Stacks and nodes that were walked on from, within one mask: ambiguous grammars come to the same place in many ways. */
  readonly #seen = new Set<number>();

  constructor(stacks: Stacks, insides: Insides) {
    this.#stacks = stacks;
    this.#insides = insides;
  }

  /** Writes the tokens that may come. `mask`: [ceil(nVocab / 32)] */
  fill(config: Config, mask: Uint32Array): void {
    mask.fill(0);
    this.#seen.clear();
    this.#insides.walk.nSteps = 0;
    for (const { state, stack } of config.threads) {
      const { bits, tokens, leaves } = this.#insides.of(state);
      if (bits) for (let i = 0; i < mask.length; i++) mask[i]! |= bits[i]!;
      else for (const token of tokens!) mask[token >> 5]! |= 1 << (token & 31);
      if (leaves.length > 0) this.#goOn(leaves, 0, leaves.length, stack, mask);
    }
    for (const { token } of config.tokens) mask[token >> 5]! |= 1 << (token & 31);
    if (!config.mayEnd) return;
    const { ends } = this.#insides.trie;
    for (let i = 0; i < mask.length; i++) mask[i]! |= ends[i]!;
  }

  /** From each of the nodes, what may follow there. */
  #goOn(nodes: Int32Array, begin: number, end: number, stack: Stack, mask: Uint32Array): void {
    const { walk, trie } = this.#insides;
    const { threads } = this.#stacks.closure(stack);
    if (threads.length === 0) return;
    for (let i = begin; i < end; i++) {
      const node = nodes[i]!;
      const key = stack.id * trie.byteAt.length + node;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      for (const thread of threads) {
        const from = walk.leaves.n;
        walk.below(node, thread.state, mask);
        const to = walk.leaves.n;
        checkLimit('walk', walk.nSteps);
        if (to > from) this.#goOn(walk.leaves.list, from, to, thread.stack, mask);
        walk.leaves.n = from;
      }
    }
  }
}
