import { greatest } from '../base/numbers.ts';
import { accepting, type Automaton } from './automaton.ts';
import { checkLimit } from './limits.ts';
import type { Network, Place } from './network.ts';
import { both, not } from './regular.ts';
import { SeenSets, type Seen } from './seen.ts';

/** Where to go on, and on what. */
export interface Frame {
  readonly place: Place;
  /** How often a counted body was read. */
  readonly count: number;
  /** The distinct texts that came since the rule was called. */
  readonly seen: Seen;
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
  readonly above: Map<FrameKey, Stack>;
  /** What may be read from here, once somebody asked. */
  closure: Closure | undefined;
}

/** One way to read on: a state of a terminal, and the stack behind the terminal. */
export interface Thread {
  readonly state: number;
  readonly stack: Stack;
  /** Of a distinct text: what was read of it. */
  readonly word: string | undefined;
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

/** A number where nothing distinct came, which is nearly always. */
type FrameKey = number | string;

const keyOf = ({ place, count, seen }: Frame): FrameKey => {
  const key = count * PLACES + place.id;
  return seen.id === 0 ? key : `${key} ${seen.id}`;
};

const inOrder = (a: Frame, b: Frame): number => a.count - b.count || a.place.id - b.place.id || a.seen.id - b.seen.id;

/** The most unions that are remembered. */
const KEPT_UNIONS = 200_000;

export class Stacks {
  readonly #network: Network;
  readonly #automaton: Automaton;
  readonly #seen = new SeenSets();
  readonly #unions = new Map<string, Stack>(); // by the two stacks, and by the frames
  #nStacks = 0;

  constructor(network: Network, automaton: Automaton) {
    this.#network = network;
    this.#automaton = automaton;
  }

  /** The stack of a text's beginning. Each call begins anew: what nobody uses of the stacks before can be forgotten. */
  start(): Stack {
    const bottom = this.#fresh([], true, 0);
    return this.#push({ place: this.#network.entry(0), count: 0, seen: this.#seen.none, parent: bottom });
  }

  closure(stack: Stack): Closure {
    if (stack.closure) return stack.closure;
    const isOne = stack.frames.length === 1 && !stack.isBottom;
    if (isOne) stack.closure = this.#close(stack);
    else {
      const parts = stack.frames.map((frame) => this.closure(this.#push(frame)));
      stack.closure = this.merged(stack.isBottom ? [...parts, { threads: [], tokens: [], mayEnd: true }] : parts);
    }
    return stack.closure;
  }

  /** All ways of some closures. */
  merged(closures: readonly Closure[]): Closure {
    if (closures.length === 1) return closures[0]!;
    const threads = new Map<number | string, Thread>();
    const tokens = new Map<number, Stack>();
    for (const closure of closures) {
      for (const thread of closure.threads) {
        const key = thread.word === undefined ? thread.state : `${thread.state} ${thread.word}`;
        const other = threads.get(key);
        threads.set(key, other ? { ...thread, stack: this.union(other.stack, thread.stack) } : thread);
      }
      for (const { token, stack } of closure.tokens) {
        const other = tokens.get(token);
        tokens.set(token, other ? this.union(other, stack) : stack);
      }
    }
    checkLimit('threads', threads.size);
    return {
      threads: [...threads.values()],
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

  #many(frames: ReadonlyMap<FrameKey, Frame>, isBottom: boolean): Stack {
    const sorted = [...frames.values()].sort(inOrder);
    if (sorted.length === 1 && !isBottom) return this.#push(sorted[0]!);
    const key = sorted.map((frame) => `${keyOf(frame)}:${frame.parent.id}`).join(' ') + (isBottom ? '$' : '');
    const known = this.#unions.get(key);
    if (known) return known;
    const stack = this.#fresh(sorted, isBottom, 1 + greatest(sorted.map(({ parent }) => parent.depth)));
    this.#unions.set(key, stack);
    return stack;
  }

  /** What goes on where the distinct text `word` has come. */
  after(stack: Stack, word: string | undefined): Stack {
    if (word === undefined) return stack;
    const noted = stack.frames.map((frame) => this.#push({ ...frame, seen: this.#seen.with(frame.seen, word) }));
    return noted.reduce((a, b) => this.union(a, b));
  }

  /** The frame on top of its parent. At a rule's end nothing is left to do, so whoever called is next: a rule's last call costs no frame. */
  #push(frame: Frame): Stack {
    const { place, parent } = frame;
    if (place.kind === 'end') return parent;
    const key = keyOf(frame);
    const known = parent.above.get(key);
    if (known) return known;
    checkLimit('stackDepth', parent.depth + 1);
    const stack = this.#fresh([frame], false, parent.depth + 1);
    parent.above.set(key, stack);
    return stack;
  }

  #fresh(frames: readonly Frame[], isBottom: boolean, depth: number): Stack {
    return { id: this.#nStacks++, frames, isBottom, depth, above: new Map(), closure: undefined };
  }

  /** Of a stack of one frame: everything that may be read before something was read. */
  #close(from: Stack): Closure {
    const found: Closure[] = [];
    const seenStacks = new Set([from]); // stacks of one frame
    const enter = (stack: Stack): void => {
      if (stack.isBottom) found.push({ threads: [], tokens: [], mayEnd: true });
      for (const frame of stack.frames) seenStacks.add(this.#push(frame));
    };
    for (const { frames } of seenStacks) {
      const frame = frames[0]!;
      const { place, count } = frame;
      const { none } = this.#seen;
      const to = (place: Place): Stack => this.#push({ ...frame, place, count: 0 });
      if (place.kind === 'text') {
        const next = to(place.next);
        const { state, word } = this.#terminal(place, frame.seen);
        if (this.#automaton.goesOn(state))
          found.push({ threads: [{ state, stack: next, word }], tokens: [], mayEnd: false });
        if ((this.#automaton.flags[state]! & accepting) !== 0) enter(next);
      } else if (place.kind === 'token') {
        found.push({ threads: [], tokens: [{ token: place.token, stack: to(place.next) }], mayEnd: false });
      } else if (place.kind === 'call') {
        const seen = place.sameScope ? frame.seen : none;
        enter(this.#push({ place: this.#network.entry(place.rule), count: 0, seen, parent: to(place.next) }));
      } else if (place.kind === 'choice') {
        for (const next of place.nexts) enter(to(next));
      } else if (place.kind === 'count') {
        if (count >= place.min) enter(to(place.next));
        if (count >= place.max) continue;
        const more = place.max === Infinity ? Math.min(count + 1, place.min) : count + 1;
        enter(this.#push({ place: place.body, count: 0, seen: none, parent: this.#push({ ...frame, count: more }) }));
      }
      checkLimit('steps', seenStacks.size);
    }
    return this.merged(found);
  }

  #terminal(place: Place & { kind: 'text' }, seen: Seen): { state: number; word: string | undefined } {
    if (place.distinct === undefined) return { state: place.state, word: undefined };
    if (seen === this.#seen.none) return { state: place.state, word: '' };
    return { state: this.#automaton.state(both([place.distinct, not(seen.texts)])), word: '' };
  }
}
