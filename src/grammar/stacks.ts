import { accepting, type Automaton } from './automaton.ts';
import { checkLimit } from './limits.ts';
import type { Network, Place } from './network.ts';

/** Where to go on, and on what. */
export interface Frame {
  readonly place: Place;
  /** How often a counted body was read. */
  readonly count: number;
  readonly parent: Stack;
}

/**
 * Where to go on when what is read now is done, and where after that. All stacks that a text may have led to are one: frames
 * differ in place or count, and those that agree in both have one parent, which again is many. So an ambiguous text takes no
 * more room than a clear one. Equal stacks are the same object: what was found out about one is found with it.
 */
export interface Stack {
  readonly id: number;
  readonly frames: readonly Frame[];
  /** The text may end here. */
  readonly isBottom: boolean;
  readonly depth: number;
  /** Stacks with one frame more. */
  readonly above: Map<number, Stack>;
  /** What may be read from here, once somebody asked. */
  closure: Closure | undefined;
}

/** One way to read on: a state of a terminal, and the stack behind the terminal. */
export interface Thread {
  readonly state: number;
  readonly stack: Stack;
}

/** A token that may come (~token: any other one, but no end), and the stack behind it. */
export interface TokenThread {
  readonly token: number;
  readonly stack: Stack;
}

/** Each state and each token is there once. */
export interface Closure {
  readonly threads: readonly Thread[];
  readonly tokens: readonly TokenThread[];
  /** The text may end here. */
  readonly mayEnd: boolean;
}

/** More places than a grammar may have: a frame's key is its count and its place. */
const PLACES = 2 ** 21;

const keyOf = ({ place, count }: Frame): number => count * PLACES + place.id;

/** The most unions that are remembered. */
const KEPT_UNIONS = 200_000;

export class Stacks {
  readonly #network: Network;
  readonly #automaton: Automaton;
  readonly #unions = new Map<string, Stack>(); // by the two stacks, and by the frames
  #nStacks = 0;

  constructor(network: Network, automaton: Automaton) {
    this.#network = network;
    this.#automaton = automaton;
  }

  /** The stack of a text's beginning. Each call begins anew: what nobody uses of the stacks before can be forgotten. */
  start(): Stack {
    return this.#push(this.#network.entry(0), 0, this.#fresh([], true, 0));
  }

  closure(stack: Stack): Closure {
    if (stack.closure) return stack.closure;
    const isOne = stack.frames.length === 1 && !stack.isBottom;
    if (isOne) stack.closure = this.#close(stack);
    else {
      const parts = stack.frames.map((frame) => this.closure(this.#push(frame.place, frame.count, frame.parent)));
      stack.closure = this.merged(stack.isBottom ? [...parts, { threads: [], tokens: [], mayEnd: true }] : parts);
    }
    return stack.closure;
  }

  /** All ways of some closures. */
  merged(closures: readonly Closure[]): Closure {
    if (closures.length === 1) return closures[0]!;
    const threads = new Map<number, Stack>();
    const tokens = new Map<number, Stack>();
    const add = (found: Map<number, Stack>, key: number, stack: Stack): void => {
      const other = found.get(key);
      found.set(key, other ? this.union(other, stack) : stack);
    };
    for (const closure of closures) {
      for (const { state, stack } of closure.threads) add(threads, state, stack);
      for (const { token, stack } of closure.tokens) add(tokens, token, stack);
    }
    checkLimit('threads', threads.size);
    return {
      threads: Array.from(threads, ([state, stack]) => ({ state, stack })),
      tokens: Array.from(tokens, ([token, stack]) => ({ token, stack })),
      mayEnd: closures.some(({ mayEnd }) => mayEnd),
    };
  }

  /** What goes on as one or the other does. */
  union(a: Stack, b: Stack): Stack {
    if (a === b) return a;
    const pair = a.id < b.id ? `${a.id},${b.id}` : `${b.id},${a.id}`;
    const known = this.#unions.get(pair);
    if (known) return known;
    const frames = new Map(a.frames.map((frame) => [keyOf(frame), frame]));
    for (const frame of b.frames) {
      const other = frames.get(keyOf(frame));
      frames.set(keyOf(frame), other ? { ...frame, parent: this.union(other.parent, frame.parent) } : frame);
    }
    const result = this.#many(frames, a.isBottom || b.isBottom);
    if (this.#unions.size > KEPT_UNIONS) this.#unions.clear();
    this.#unions.set(pair, result);
    return result;
  }

  #many(frames: ReadonlyMap<number, Frame>, isBottom: boolean): Stack {
    const sorted = [...frames.values()].sort((a, b) => keyOf(a) - keyOf(b));
    if (sorted.length === 1 && !isBottom) return this.#push(sorted[0]!.place, sorted[0]!.count, sorted[0]!.parent);
    const key = sorted.map((frame) => `${keyOf(frame)}:${frame.parent.id}`).join(' ') + (isBottom ? '$' : '');
    const known = this.#unions.get(key);
    if (known) return known;
    const stack = this.#fresh(sorted, isBottom, Math.max(...sorted.map(({ parent }) => parent.depth + 1)));
    this.#unions.set(key, stack);
    return stack;
  }

  /** `place` on top of `parent`. At a rule's end nothing is left to do, so whoever called is next: a rule's last call costs no frame. */
  #push(place: Place, count: number, parent: Stack): Stack {
    if (place.kind === 'end') return parent;
    const frame = { place, count, parent };
    const known = parent.above.get(keyOf(frame));
    if (known) return known;
    checkLimit('stackDepth', parent.depth + 1);
    const stack = this.#fresh([frame], false, parent.depth + 1);
    parent.above.set(keyOf(frame), stack);
    return stack;
  }

  #fresh(frames: readonly Frame[], isBottom: boolean, depth: number): Stack {
    return { id: this.#nStacks++, frames, isBottom, depth, above: new Map(), closure: undefined };
  }

  /** Of a stack of one frame: everything that may be read before something was read. */
  #close(from: Stack): Closure {
    const found: Closure[] = [];
    const seen = new Set([from]); // stacks of one frame
    const enter = (stack: Stack): void => {
      if (stack.isBottom) found.push({ threads: [], tokens: [], mayEnd: true });
      for (const { place, count, parent } of stack.frames) seen.add(this.#push(place, count, parent));
    };
    for (const { frames } of seen) {
      const { place, count, parent } = frames[0]!;
      if (place.kind === 'text') {
        const next = this.#push(place.next, 0, parent);
        const threads = this.#automaton.goesOn(place.state) ? [{ state: place.state, stack: next }] : [];
        found.push({ threads, tokens: [], mayEnd: false });
        if ((this.#automaton.flags[place.state]! & accepting) !== 0) enter(next);
      } else if (place.kind === 'token') {
        found.push({
          threads: [],
          tokens: [{ token: place.token, stack: this.#push(place.next, 0, parent) }],
          mayEnd: false,
        });
      } else if (place.kind === 'call') {
        enter(this.#push(this.#network.entry(place.rule), 0, this.#push(place.next, 0, parent)));
      } else if (place.kind === 'choice') {
        for (const next of place.nexts) enter(this.#push(next, 0, parent));
      } else if (place.kind === 'count') {
        if (count >= place.min) enter(this.#push(place.next, 0, parent));
        if (count >= place.max) continue;
        const more = place.max === Infinity ? Math.min(count + 1, place.min) : count + 1;
        enter(this.#push(place.body, 0, this.#push(place, more, parent)));
      }
      checkLimit('steps', seen.size);
    }
    return this.merged(found);
  }
}
