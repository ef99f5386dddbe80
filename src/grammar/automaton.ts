import { rowOf } from './derivative.ts';
import { hasText } from './emptiness.ts';
import { checkLimit } from './limits.ts';
import { either, nothing, repeat, sequenceOf, type Regular, type Row } from './regular.ts';

/** The state that nothing leads out of. */
export const dead = 0;

/** Flags of a state: a text may end here; something may follow. The second is known of expanded states. */
export const accepting = 1;
export const goesOn = 2;

/**
 * Regular languages as one automaton, made as far as somebody walks it. A state is an expression. Bytes that lead to the same
 * states share a class, and states with the same classes share their table:
 *
 *     next(state, byte) = targets[targetsAt[state] + classes[classesAt[state] + byte]]
 */
export class Automaton {
  /** `[nTables * 256]` */
  classes: Uint8Array = new Uint8Array(16 * 256);
  targets: Int32Array = new Int32Array(1024);
  /** `[nStates]` where the state's table begins in `classes`; -1: nobody walked through the state yet. */
  classesAt: Int32Array = new Int32Array(256).fill(-1);
  targetsAt: Int32Array = new Int32Array(256);
  flags: Uint8Array = new Uint8Array(256);
  readonly #regulars: Regular[] = [];
  readonly #states = new Map<Regular, number>();
  readonly #tables = new Map<string, number>();
  #nTargets = 0;

  constructor() {
    this.state(nothing);
    this.expand(dead);
  }

  get nStates(): number {
    return this.#regulars.length;
  }

  /** The state that has the language before it; `dead` where that has no text. */
  state(regular: Regular): number {
    const known = this.#states.get(regular);
    if (known !== undefined) return known;
    const live = withoutDeadEnds(regular);
    if (live !== regular) {
      const state = live === nothing ? dead : this.state(live);
      this.#states.set(regular, state);
      return state;
    }
    const state = this.#regulars.length;
    this.#states.set(regular, state);
    checkLimit('states', state);
    if (state === this.flags.length) this.#growStates();
    this.#regulars.push(regular);
    this.flags[state] = regular.nullable ? accepting : 0;
    return state;
  }

  next(state: number, byte: number): number {
    if (this.classesAt[state]! < 0) this.expand(state);
    return this.targets[this.targetsAt[state]! + this.classes[this.classesAt[state]! + byte]!]!;
  }

  goesOn(state: number): boolean {
    if (this.classesAt[state]! < 0) this.expand(state);
    return (this.flags[state]! & goesOn) !== 0;
  }

  /** The only byte that may follow; -1 where none or several may. */
  onlyByte(state: number): number {
    const { starts } = this.row(state);
    let found = -1;
    for (let i = 0; i < starts.length; i++) {
      if (this.next(state, starts[i]!) === dead) continue;
      if (found >= 0 || (starts[i + 1] ?? 256) - starts[i]! > 1) return -1;
      found = starts[i]!;
    }
    return found;
  }

  /** Where ranges of bytes start that lead to different states. */
  row(state: number): Row {
    return rowOf(this.#regulars[state]!);
  }

  /** A state that nothing tells from this one within so many bytes: counts beyond are as good as without end. */
  within(state: number, nBytes: number): number {
    const regular = this.#regulars[state]!;
    return regular.plain ? this.state(capped(regular, nBytes)) : state;
  }

  /** Makes the states that follow one. */
  expand(state: number): void {
    const { starts, targets } = rowOf(this.#regulars[state]!);
    const begin = this.#nTargets;
    while (begin + targets.length > this.targets.length) this.targets = grown(this.targets);
    for (const target of targets) this.targets[this.#nTargets++] = target === nothing ? dead : this.state(target);
    if (this.targets.subarray(begin, this.#nTargets).some((target) => target !== dead)) this.flags[state]! |= goesOn;
    this.targetsAt[state] = begin;
    this.classesAt[state] = this.#table(starts);
  }

  /** The table of the bytes' classes, by where ranges start. */
  #table(starts: readonly number[]): number {
    const key = starts.join();
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const at = this.#tables.size * 256;
    if (at === this.classes.length) {
      const larger = new Uint8Array(at * 2);
      larger.set(this.classes);
      this.classes = larger;
    }
    starts.forEach((start, i) => this.classes.fill(i, at + start, at + (starts[i + 1] ?? 256)));
    this.#tables.set(key, at);
    return at;
  }

  #growStates(): void {
    const n = this.flags.length;
    this.classesAt = grown(this.classesAt).fill(-1, n);
    this.targetsAt = grown(this.targetsAt);
    const flags = new Uint8Array(n * 2);
    flags.set(this.flags);
    this.flags = flags;
  }
}

/** The same language, without alternatives that have no text: fewer states are then different. */
function withoutDeadEnds(regular: Regular): Regular {
  if (regular.plain) return regular;
  if (regular.kind !== 'either') return hasText(regular) ? regular : nothing;
  return either(regular.parts.filter((part) => hasText(part)));
}

/** Only where all that can be read can be finished: else what is far away matters at once. */
function capped(regular: Regular, nBytes: number): Regular {
  if (regular.count <= nBytes) return regular;
  if (regular.kind === 'sequence') {
    const parts: Regular[] = [];
    let rest: Regular = regular;
    for (; rest.kind === 'sequence' && rest.count > nBytes; rest = rest.tail) parts.push(capped(rest.head, nBytes));
    return sequenceOf([...parts, capped(rest, nBytes)]);
  }
  if (regular.kind === 'either') return either(regular.parts.map((part) => capped(part, nBytes)));
  if (regular.kind !== 'repeat') return regular;
  const { part, min, max } = regular;
  return repeat(capped(part, nBytes), Math.min(min, nBytes + 1), max > nBytes ? Infinity : max);
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
