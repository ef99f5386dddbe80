import { Insides } from './insides.ts';
import { sharedStates } from './limits.ts';
import { sortedTokens, tokenTexts, type TokenBytes, type TokenTexts } from './token_texts.ts';
import { trieOf, type Trie } from './trie.ts';

export type { TokenBytes } from './token_texts.ts';

/** A tokenizer's tokens, prepared for grammars: made once for a model. */
export class Vocabulary {
  readonly source: TokenBytes;
  readonly texts: TokenTexts;
  readonly #sorted: Int32Array;
  readonly #trie: Trie;
  #insides: Insides;

  constructor(tokens: TokenBytes) {
    this.source = tokens;
    this.texts = tokenTexts(tokens);
    this.#sorted = sortedTokens(this.texts);
    this.#trie = trieOf(this.texts, this.#sorted);
    this.#insides = new Insides(this.texts, this.#sorted, this.#trie);
  }

  /** What grammars share: insides of strings are the same in all of them. */
  get insides(): Insides {
    if (this.#insides.automaton.nStates > sharedStates()) {
      this.#insides = new Insides(this.texts, this.#sorted, this.#trie);
    }
    return this.#insides;
  }
}
