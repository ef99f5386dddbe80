import type { Automaton } from './automaton.ts';
import { accepting, dead } from './automaton.ts';
import type { Closure, Stacks, Thread } from './stacks.ts';
import type { TokenTexts } from './token_texts.ts';

/** All ways to read on at one place of a text. */
export interface Config extends Closure {
  /** By byte: what follows it, once somebody asked; undefined where nothing does. */
  readonly next: Map<number, Config | undefined>;
  forced: Uint8Array | undefined;
  /** What may come, while it is among the masks that are kept. */
  mask: Uint32Array | undefined;
  /** When the mask was asked for last. */
  usedAt: number;
}

/** Configurations of a grammar: equal ones are the same object, so masks are made once. */
export class Configs {
  readonly #stacks: Stacks;
  readonly #automaton: Automaton;
  readonly #known = new Map<string, Config>();
  readonly start: Config;
  /** Behind the token that ended the text. */
  readonly ended: Config;

  constructor(stacks: Stacks, automaton: Automaton) {
    this.#stacks = stacks;
    this.#automaton = automaton;
    this.start = this.#config([stacks.closure(stacks.start())]);
    this.ended = this.#config([{ threads: [], tokens: [], mayEnd: true }]);
  }

  get size(): number {
    return this.#known.size;
  }

  afterByte(config: Config, byte: number): Config | undefined {
    if (config.next.has(byte)) return config.next.get(byte);
    const threads: Thread[] = [];
    const closures: Closure[] = [{ threads, tokens: [], mayEnd: false }];
    for (const { state, stack, word: before } of config.threads) {
      const next = this.#automaton.next(state, byte);
      if (next === dead) continue;
      const word = before === undefined ? undefined : before + String.fromCharCode(byte);
      if (this.#automaton.goesOn(next)) threads.push({ state: next, stack, word });
      if ((this.#automaton.flags[next]! & accepting) !== 0)
        closures.push(this.#stacks.closure(this.#stacks.after(stack, word)));
    }
    const isDead = threads.length === 0 && closures.length === 1;
    const result = isDead ? undefined : this.#config(closures);
    config.next.set(byte, result);
    return result;
  }

  /** Behind the bytes from `begin` to before `end`. */
  afterBytes(config: Config, bytes: Uint8Array, begin: number, end: number): Config | undefined {
    let at: Config | undefined = config;
    for (let i = begin; i < end && at; i++) at = this.afterByte(at, bytes[i]!);
    return at;
  }

  /** Behind a token, by its text, or because the grammar names it. */
  afterToken(config: Config, token: number, { bytes, starts }: TokenTexts, isEnd: boolean): Config | undefined {
    const [begin, end] = [starts[token]!, starts[token + 1]!];
    const byText = end > begin ? this.afterBytes(config, bytes, begin, end) : undefined;
    if (config.tokens.length === 0) return byText;
    const isNamed = (name: number): boolean => name === token || (name < 0 && ~name !== token && !isEnd);
    const named = config.tokens.filter((thread) => isNamed(thread.token));
    if (named.length === 0) return byText;
    const closures: Closure[] = named.map(({ stack }) => this.#stacks.closure(stack));
    return this.#config(byText ? [byText, ...closures] : closures);
  }

  #config(closures: readonly Closure[]): Config {
    const ways = this.#stacks.merged(closures);
    const threads = ways.threads
      .map(({ state, stack, word }) => `${state},${stack.id}${word === undefined ? '' : JSON.stringify(word)}`)
      .sort();
    const tokens = ways.tokens.map(({ token, stack }) => `${token},${stack.id}`).sort();
    const key = `${threads.join(' ')};${tokens.join(' ')};${ways.mayEnd}`;
    const known = this.#known.get(key);
    if (known) return known;
    const config: Config = { ...ways, next: new Map(), forced: undefined, mask: undefined, usedAt: 0 };
    this.#known.set(key, config);
    return config;
  }
}
