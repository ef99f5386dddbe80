import { Configs, type Config } from './config.ts';
import { Stacks } from './stacks.ts';
import type { Grammar } from './grammar.ts';
import { wornStates } from './limits.ts';
import { Masks } from './masks.ts';
import { Network } from './network.ts';
import type { Insides } from './insides.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The most masks that are kept: 8 MB with 128,000 tokens. */
const KEPT_MASKS = 512;

/** The most configurations that answers share; later answers begin anew. */
const KEPT_CONFIGS = 20_000;

/** The most bytes that are forced at once. */
const FORCED_BYTES = 4096;

/** A grammar over a vocabulary, for many answers: what one of them found out is known to the next. */
export class CompiledGrammar {
  readonly vocabulary: Vocabulary;
  readonly #insides: Insides;
  readonly #stacks: Stacks;
  readonly #masks: Masks;
  #configs: Configs;
  /** Configurations that have a mask. */
  readonly #kept: Config[] = [];
  #clock = 0;

  /**
   * @throws RangeError where the grammar names rules or tokens that are not there
   * @throws UnsupportedError where it is larger than limits.ts allows
   */
  constructor(grammar: Grammar, vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    this.#insides = vocabulary.insides;
    const network = new Network(grammar, this.#insides.automaton, vocabulary.source.nVocab);
    this.#stacks = new Stacks(network, this.#insides.automaton);
    this.#masks = new Masks(this.#stacks, this.#insides);
    this.#configs = new Configs(this.#stacks, this.#insides.automaton);
  }

  /** Keys and distinct items leave states behind in each answer. Where there are many, the next answer is better off with the grammar made again. */
  get isWorn(): boolean {
    return this.#insides.automaton.nStates > wornStates();
  }

  /** The configurations that a new answer begins with. */
  configs(): Configs {
    if (this.#configs.size > KEPT_CONFIGS) this.#configs = new Configs(this.#stacks, this.#insides.automaton);
    return this.#configs;
  }

  /** `[ceil(nVocab / 32)]` what may come; kept while it is among the ones that were used last. */
  mask(config: Config, configs: Configs): Uint32Array {
    config.usedAt = ++this.#clock;
    if (config.mask) return config.mask;
    const mask = this.#room();
    this.#masks.fill(config, configs, mask);
    this.#kept.push(config);
    return (config.mask = mask);
  }

  /** Room for a mask: another one's where there are enough of them. */
  #room(): Uint32Array {
    if (this.#kept.length < KEPT_MASKS) return new Uint32Array(this.vocabulary.texts.ends.length);
    let oldest = 0;
    for (let i = 1; i < KEPT_MASKS; i++) if (this.#kept[i]!.usedAt < this.#kept[oldest]!.usedAt) oldest = i;
    const [config] = this.#kept.splice(oldest, 1);
    const mask = config!.mask!;
    config!.mask = undefined;
    return mask;
  }

  /** The bytes that come next whatever is chosen. */
  forced(config: Config, configs: Configs): Uint8Array {
    const bytes: number[] = [];
    for (let at = config; bytes.length < FORCED_BYTES;) {
      const byte = this.#onlyByte(at);
      if (byte < 0) break;
      bytes.push(byte);
      at = configs.afterByte(at, byte)!;
    }
    return Uint8Array.from(bytes);
  }

  #onlyByte({ threads, tokens, mayEnd }: Config): number {
    if (mayEnd || tokens.length > 0 || threads.length === 0) return -1;
    const { automaton } = this.#insides;
    const byte = automaton.onlyByte(threads[0]!.state);
    return threads.every(({ state }) => automaton.onlyByte(state) === byte) ? byte : -1;
  }
}

function isZero(words: Uint32Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

/** One text that is written under a grammar. */
export class Matcher {
  readonly #grammar: CompiledGrammar;
  readonly #configs: Configs;
  #config: Config;

  constructor(grammar: CompiledGrammar, from?: { configs: Configs; config: Config }) {
    this.#grammar = grammar;
    this.#configs = from?.configs ?? grammar.configs();
    this.#config = from?.config ?? this.#configs.start;
  }

  /** `[ceil(nVocab / 32)]`, a bit for each token: set where it may come next. To be read before the next call, and not to be written. */
  mask(): Uint32Array {
    return this.#grammar.mask(this.#config, this.#configs);
  }

  /** @throws RangeError where the token may not come */
  accept(token: number): void {
    const { source } = this.#grammar.vocabulary;
    if (!(Number.isInteger(token) && token >= 0 && token < source.nVocab)) {
      throw new RangeError(`a token is an id from 0 to ${source.nVocab - 1}; got ${token}`);
    }
    const next = source.isEnd(token) && this.#config.mayEnd ? this.#configs.ended : this.#after(token);
    if (!next) throw new RangeError(`token ${token} may not come here: the grammar does not allow it; see mask()`);
    this.#config = next;
  }

  #after(token: number): Config | undefined {
    const { texts, source } = this.#grammar.vocabulary;
    return this.#configs.afterToken(this.#config, token, texts, source.isEnd(token));
  }

  /** Goes on behind `bytes`, and says whether they fit; where they do not, nothing changes. */
  acceptBytes(bytes: Uint8Array): boolean {
    const next = this.#configs.afterBytes(this.#config, bytes, 0, bytes.length);
    if (next) this.#config = next;
    return next !== undefined;
  }

  /** The bytes that come next whatever is chosen, as far as there is no choice; empty where there is one, or the end. */
  forced(): Uint8Array {
    return (this.#config.forced ??= this.#grammar.forced(this.#config, this.#configs));
  }

  /** The text may end here. */
  get mayEnd(): boolean {
    return this.#config.mayEnd;
  }

  /** Nothing but the end can come. */
  get isOver(): boolean {
    const { mayEnd, threads, tokens } = this.#config;
    return mayEnd && threads.length === 0 && tokens.length === 0;
  }

  /** Nothing can come, not even the end: no text fits the grammar, or no token of the vocabulary makes the next byte. */
  get isDead(): boolean {
    return !this.#config.mayEnd && isZero(this.mask());
  }

  /** Another one at the same place of the text, to try what comes next. */
  fork(): Matcher {
    return new Matcher(this.#grammar, { configs: this.#configs, config: this.#config });
  }
}
