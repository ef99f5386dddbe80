import { accepting, type Automaton } from './automaton.ts';
import type { Trie } from './trie.ts';

/** A list of nodes that grows, and is used like a stack. */
export class Nodes {
  list: Int32Array = new Int32Array(1024);
  n = 0;

  push(node: number): void {
    if (this.n === this.list.length) {
      const larger = new Int32Array(this.n * 2);
      larger.set(this.list);
      this.list = larger;
    }
    this.list[this.n++] = node;
  }
}

/**
 * Walks the trie and the automaton together. Tokens all of whose bytes the automaton reads get their bits; nodes where it
 * could stop, and longer tokens go on, are pushed on `leaves`.
 */
export class Walk {
  readonly #automaton: Automaton;
  readonly trie: Trie;
  /** `[maxDepth + 1]` the state at each depth of the path. */
  readonly #states: Int32Array;
  readonly leaves = new Nodes();
  /** Nodes visited by the latest walk. */
  nSteps = 0;
  /** Tokens that got their bits in the latest walk. */
  nTokens = 0;

  constructor(automaton: Automaton, trie: Trie) {
    this.#automaton = automaton;
    this.trie = trie;
    this.#states = new Int32Array(trie.maxDepth + 1);
  }

  /** Walks below `node`, which the automaton has reached in `state`. */
  below(node: number, state: number, bits: Uint32Array): void {
    const { byteAt, depthAt, skip, tokensAt, tokens } = this.trie;
    const automaton = this.#automaton;
    const states = this.#states;
    let { classes, targets, classesAt, targetsAt, flags } = automaton;
    states[depthAt[node]!] = state;
    const end = skip[node]!;
    let nSteps = 0;
    let nTokens = 0;
    for (let i = node + 1; i < end; nSteps++) {
      const depth = depthAt[i]!;
      const from = states[depth - 1]!;
      let table = classesAt[from]!;
      if (table < 0) {
        automaton.expand(from);
        ({ classes, targets, classesAt, targetsAt, flags } = automaton);
        table = classesAt[from]!;
      }
      const next = targets[targetsAt[from]! + classes[table + byteAt[i]!]!]!;
      if (next === 0) {
        i = skip[i]!;
        continue;
      }
      states[depth] = next;
      nTokens += tokensAt[i + 1]! - tokensAt[i]!;
      for (let t = tokensAt[i]!; t < tokensAt[i + 1]!; t++) bits[tokens[t]! >> 5]! |= 1 << (tokens[t]! & 31);
      if ((flags[next]! & accepting) !== 0 && skip[i]! > i + 1) this.leaves.push(i);
      i++;
    }
    this.nSteps = nSteps;
    this.nTokens = nTokens;
  }
}
