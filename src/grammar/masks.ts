import type { Config, Configs } from './config.ts';
import type { Insides } from './insides.ts';
import { checkLimit } from './limits.ts';
import type { Stack, Stacks } from './stacks.ts';
import type { Walk } from './walk.ts';

/** A walk, what it writes to, and the distinct text that it came through. */
interface Going {
  readonly walk: Walk;
  readonly mask: Uint32Array;
  readonly word: string | undefined;
}

/** More nodes than a trie has. */
const NODES = 2 ** 26;

/**
 * Masks of configurations. For each thread, what its terminal says by itself is known (`Insides`); tokens that reach behind
 * the terminal are walked on, from the nodes where it may be over.
 */
export class Masks {
  readonly #stacks: Stacks;
  readonly #insides: Insides;
  /** Stacks and nodes that were walked on from, within one thread: ambiguous grammars come to the same place in many ways. */
  readonly #seen = new Set<number>();
  /** By walk: nodes where a distinct text begins behind the end of another, within one token. */
  readonly #between = new Map<Walk, Set<number>>();
  readonly #unused: Uint32Array;
  #nSteps = 0;

  constructor(stacks: Stacks, insides: Insides) {
    this.#stacks = stacks;
    this.#insides = insides;
    this.#unused = new Uint32Array(insides.texts.ends.length);
  }

  /** Writes the tokens that may come at `config`, which is one of `configs`. `mask`: [ceil(nVocab / 32)] */
  fill(config: Config, configs: Configs, mask: Uint32Array): void {
    mask.fill(0);
    this.#between.clear();
    this.#nSteps = 0;
    this.#insides.reset();
    for (const { state, stack, word } of config.threads) {
      const { room, bits, tokens, leaves, walk } = this.#insides.of(state);
      if (room > 0) this.#insides.common.add(mask, room);
      if (bits) for (let i = 0; i < mask.length; i++) mask[i]! |= bits[i]!;
      for (let i = 0; i < tokens.length; i++) mask[tokens[i]! >> 5]! |= 1 << (tokens[i]! & 31);
      this.#seen.clear();
      if (leaves.length > 0) this.#goOn({ walk, mask, word }, leaves, 0, leaves.length, stack);
    }
    for (const [walk, nodes] of this.#between)
      for (const node of nodes) this.#goOnAt(node, walk, config, configs, mask);
    for (const { token } of config.tokens) {
      if (token >= 0) mask[token >> 5]! |= 1 << (token & 31);
      else this.#addAllBut(~token, mask);
    }
    if (config.mayEnd) for (let i = 0; i < mask.length; i++) mask[i]! |= this.#insides.texts.ends[i]!;
  }

  #addAllBut(token: number, mask: Uint32Array): void {
    const isAllowed = ((mask[token >> 5]! >>> (token & 31)) & 1) !== 0; // by another thread
    for (let i = 0; i < mask.length; i++) mask[i]! |= ~this.#insides.texts.ends[i]!;
    const { nVocab } = this.#insides.texts;
    if (nVocab % 32 !== 0) mask[mask.length - 1]! &= 2 ** (nVocab % 32) - 1;
    if (!isAllowed) mask[token >> 5]! &= ~(1 << (token & 31));
  }

  /**
   * From each of the nodes, what may follow there. Where that is a distinct text behind another one, it is left to `#goOnAt`: which
   * texts came is another thing at each node.
   */
  #goOn(from: Going, nodes: Int32Array, begin: number, end: number, stack: Stack): void {
    const { walk, mask } = from;
    const { threads } = this.#stacks.closure(stack);
    for (const thread of threads) {
      if (from.word !== undefined && thread.word !== undefined) {
        this.#noteBetween(walk, nodes, begin, end, thread.state);
        continue;
      }
      const first = walk.leaves.n;
      for (let i = begin; i < end; i++) {
        walk.below(nodes[i]!, thread.state, mask);
        checkLimit('walk', (this.#nSteps += walk.nSteps));
      }
      this.#once(walk, first, thread.stack);
      const to = walk.leaves.n;
      const word = from.word ?? thread.word;
      if (to > first) this.#goOn({ walk, mask, word }, walk.leaves.list, first, to, thread.stack);
      walk.leaves.n = first;
    }
  }

  /** Notes the nodes behind which any token has such a text. */
  #noteBetween(walk: Walk, nodes: Int32Array, begin: number, end: number, state: number): void {
    const first = walk.leaves.n;
    const found = this.#between.get(walk) ?? new Set<number>();
    this.#between.set(walk, found);
    for (let i = begin; i < end; i++) {
      walk.below(nodes[i]!, state, this.#unused);
      checkLimit('walk', (this.#nSteps += walk.nSteps));
      if (walk.nTokens > 0) found.add(nodes[i]!);
      walk.leaves.n = first;
    }
  }

  /** The distinct texts that may begin at a node, by the texts that came on the way to it. */
  #goOnAt(node: number, walk: Walk, config: Config, configs: Configs, mask: Uint32Array): void {
    const { tokensAt, tokens, depthAt } = walk.trie;
    const { bytes, starts } = this.#insides.texts;
    const begin = starts[tokens[tokensAt[node]!]!]!; // of the first token that the node leads to
    const at = configs.afterBytes(config, bytes, begin, begin + depthAt[node]!);
    for (const { state, stack, word } of at?.threads ?? []) {
      if (word !== '') continue;
      const first = walk.leaves.n;
      walk.below(node, state, mask);
      checkLimit('walk', (this.#nSteps += walk.nSteps));
      this.#seen.clear();
      const to = walk.leaves.n;
      if (to > first) this.#goOn({ walk, mask, word }, walk.leaves.list, first, to, stack);
      walk.leaves.n = first;
    }
  }

  /** Of the leaves from `from` on, keeps those that nobody went on from with this stack. */
  #once({ leaves }: Walk, from: number, stack: Stack): void {
    let n = from;
    for (let i = from; i < leaves.n; i++) {
      const node = leaves.list[i]!;
      const key = stack.id * NODES + node;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      leaves.list[n++] = node;
    }
    leaves.n = n;
  }
}
