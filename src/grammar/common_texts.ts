import { dead, accepting, type Automaton } from './automaton.ts';
import { rowOf } from './derivative.ts';
import { chars, empty, nothing, type Regular } from './regular.ts';
import type { TokenTexts } from './token_texts.ts';

/** Characters that stand for themselves in a string of JSON, and nearly everywhere else. */
const commonChar = chars([
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x10ffff],
]);

/** Masks of tokens up to a length are kept for so many lengths; the few longer tokens are listed. */
const MASKED = 16;

/** Where it is known up to a length only, tokens longer than one of these are walked with the rest. */
const walkedFrom = [6, 10, MASKED];

/** So many states are looked at to know about one. What counts words, for example, is in many states behind some characters. */
const FEW_STATES = 160;

/** What common characters do to a state: to all that follow, or to some only. */
interface Reach {
  readonly targets: readonly number[];
  readonly all: boolean;
}

/** What is known of a state without a walk. */
export interface Room {
  /** Any common characters may follow, up to so many; 0 where it depends on which. */
  readonly n: number;
  /** The tokens that a walk has to look at besides, in the order of their bytes; undefined: all tokens. */
  readonly others: Int32Array | undefined;
}

const noRoom: Room = { n: 0, others: undefined };

/**
 * Nine tokens of ten are common characters only, and inside a string all of them are the same to a grammar: any may come, up to
 * a number of characters. So a state is asked for that number, and gets a mask of all these tokens at once; only the rest of
 * the vocabulary is walked. (The idea is llguidance's slices.)
 */
export class CommonTexts {
  /** By where it begins to be unknown which tokens may come: tokens that are longer, or something else. */
  readonly walked: readonly { readonly from: number; readonly tokens: Int32Array }[];
  /** The tokens that are something else. */
  readonly rest: Int32Array;
  readonly #automaton: Automaton;
  readonly #reaches = new Map<number, Reach>();
  /** `[MASKED + 1]` tokens of up to so many characters. */
  readonly #masks: Uint32Array[];
  /** Longer ones, by length, and their lengths. */
  readonly #long: { readonly token: number; readonly length: number }[];

  constructor(texts: TokenTexts, sorted: Int32Array, automaton: Automaton) {
    this.#automaton = automaton;
    const char = automaton.state(commonChar);
    const end = automaton.state(empty);
    const lengths = sorted.map((token) => lengthOf(texts, token, automaton, char, end));
    const found = [...sorted].map((token, i) => ({ token, length: lengths[i]! })).filter(({ length }) => length > 0);
    const mask = new Uint32Array(texts.ends.length);
    this.#masks = Array.from({ length: MASKED + 1 }, (_, most) => {
      for (const { token, length } of found) if (length === most) mask[token >> 5]! |= 1 << (token & 31);
      return mask.slice();
    });
    this.#long = found.filter(({ length }) => length > MASKED).sort((a, b) => a.length - b.length);
    const others = (most: number) => sorted.filter((_, i) => lengths[i] === 0 || lengths[i]! > most);
    this.rest = others(Infinity);
    this.walked = walkedFrom.map((from) => ({ from, tokens: others(from) })).reverse();
  }

  room(state: number): Room {
    const seen = new Set([state]);
    let level = [state];
    for (let n = 0; ; n++) {
      const reaches = level.map((from) => this.#reach(from));
      if (reaches.every(({ targets }) => targets.length === 0) && !this.#mayStop(seen, state))
        return { n, others: this.rest };
      if (!reaches.every(({ all }) => all)) return this.#upTo(n);
      const next = new Set(reaches.flatMap(({ targets }) => targets));
      level = [...next];
      if (level.every((to) => seen.has(to)) || n >= this.#longest) return { n: Infinity, others: this.rest };
      for (const to of level) seen.add(to);
      if (seen.size > FEW_STATES) return this.#upTo(n + 1);
    }
  }

  #upTo(n: number): Room {
    const walked = this.walked.find(({ from }) => from <= n);
    return walked ? { n: walked.from, others: walked.tokens } : noRoom;
  }

  get #longest(): number {
    return this.#long.at(-1)?.length ?? MASKED;
  }

  /** The terminal may be over behind some characters: longer tokens may come after all. */
  #mayStop(states: ReadonlySet<number>, start: number): boolean {
    return [...states].some((state) => state !== start && (this.#automaton.flags[state]! & accepting) !== 0);
  }

  /** Adds the tokens of up to `room` common characters. */
  add(mask: Uint32Array, room: number): void {
    const up = this.#masks[Math.min(room, MASKED)]!;
    for (let i = 0; i < mask.length; i++) mask[i]! |= up[i]!;
    for (const { token, length } of this.#long) {
      if (length > room) break;
      mask[token >> 5]! |= 1 << (token & 31);
    }
  }

  #reach(state: number): Reach {
    const known = this.#reaches.get(state);
    if (known) return known;
    const targets = new Set<number>();
    let all = true;
    const automaton = this.#automaton;
    const visit = (from: number, char: Regular): void => {
      const { starts, targets: rests } = rowOf(char);
      const bounds = automaton.row(from).starts;
      const step = (byte: number, rest: Regular): void => {
        const to = automaton.next(from, byte);
        if (to === dead) all = false;
        else if (rest === empty) targets.add(to);
        else visit(to, rest);
      };
      rests.forEach((rest, i) => {
        if (rest === nothing) return;
        step(starts[i]!, rest);
        for (const byte of bounds) if (byte > starts[i]! && byte < (starts[i + 1] ?? 256)) step(byte, rest);
      });
    };
    visit(state, commonChar);
    const reach = { targets: [...targets], all };
    this.#reaches.set(state, reach);
    return reach;
  }
}

/** How many characters a token has, where all are common ones; else 0. */
function lengthOf(texts: TokenTexts, token: number, automaton: Automaton, char: number, end: number): number {
  let length = 0;
  let state = end;
  for (let i = texts.starts[token]!; i < texts.starts[token + 1]!; i++) {
    if (state === end) {
      state = char;
      length++;
    }
    state = automaton.next(state, texts.bytes[i]!);
    if (state === dead) return 0;
  }
  return state === end ? length : 0;
}
