import { Automaton } from './automaton.ts';
import { Insides } from './insides.ts';
import { Trie, type TokenBytes } from './trie.ts';

export type { TokenBytes } from './trie.ts';

/** An automaton that many grammars share is left to them when it has grown so large; later grammars begin another. */
const SHARED_STATES = 100_000;

/** A tokenizer's tokens, prepared for grammars: made once for a model, in a few tenths of a second where there are 128,000. */
export class Vocabulary {
  readonly source: TokenBytes;
  readonly trie: Trie;
  #insides: Insides;

  constructor(tokens: TokenBytes) {
    this.source = tokens;
    this.trie = new Trie(tokens);
    this.#insides = new Insides(new Automaton(), this.trie);
  }

  /** What grammars share: insides of strings are the same in all of them. */
  get insides(): Insides {
    if (this.#insides.automaton.nStates > SHARED_STATES) this.#insides = new Insides(new Automaton(), this.trie);
    return this.#insides;
  }
}
