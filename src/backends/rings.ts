import type { Graph, Step, Value } from '../graph/graph.ts';
import type { Stretch } from '../graph/layer_state.ts';
import { attention } from '../ops/attention.ts';

/**
 * The positions that a ring holds, `[begin, end)`. Going back leaves the earliest ones written over, so `begin` only rises, until
 * a step begins anew.
 */
class Ring {
  private readonly nPositions: number;
  private readonly window: number;
  private begin = 0;
  private end = 0;

  constructor(nPositions: number, window: number) {
    this.nPositions = nPositions;
    this.window = window;
  }

  get held(): Stretch {
    return { begin: this.begin, end: this.end };
  }

  set held({ begin, end }: Stretch) {
    this.begin = begin;
    this.end = end;
  }

  /** A position that a step at `pos` sees and that is not there; undefined where all of them are. */
  missing(pos: number): number | undefined {
    const first = Math.max(0, pos - this.window + 1);
    if (first === pos || (first >= this.begin && pos <= this.end)) return undefined;
    return first < this.begin ? first : Math.max(first, this.end);
  }

  /** Positions `[begin, end)` have been written. */
  wrote(begin: number, end: number): void {
    if (begin < this.begin || begin > this.end) this.begin = begin;
    this.begin = Math.max(this.begin, end - this.nPositions);
    this.end = end;
  }
}

/** The rings among a graph's caches. */
function ringsOf({ nCtx, nodes }: Graph): Map<Value, Ring> {
  const rings = new Map<Value, Ring>();
  for (const { op, inputs, params } of nodes) {
    if (op !== attention) continue;
    for (const cache of inputs.slice(1, 3)) {
      if (cache.shape[0]! < nCtx) rings.set(cache, new Ring(cache.shape[0]!, params['window']!));
    }
  }
  return rings;
}

/** A program's rings: every backend tells them what it writes, and asks them before a step. */
export class Rings {
  private readonly byState: ReadonlyMap<Value, Ring>;
  private readonly each: readonly Ring[];

  constructor(graph: Graph) {
    this.byState = ringsOf(graph);
    this.each = [...this.byState.values()];
  }

  /**
   * Notes what a step writes.
   * @throws RangeError for a step that sees a position which is not there, or has several texts.
   */
  step({ pos, tokens, texts }: Step): void {
    if (texts && this.each.length > 0) throw new RangeError('a step of several texts, and a ring holds one');
    for (const ring of this.each) {
      const missing = ring.missing(pos);
      if (missing === undefined) continue;
      throw new RangeError(`a step at ${pos} sees position ${missing}, which a ring does not hold`);
    }
    for (const ring of this.each) ring.wrote(pos, pos + tokens.length);
  }

  /** Positions `[begin, end)` of a state have been written. */
  wrote(state: Value, begin: number, end: number): void {
    this.byState.get(state)?.wrote(begin, end);
  }

  /** The ring of a state holds what another program's does. */
  take(state: Value, from: Rings): void {
    const ring = this.byState.get(state);
    if (ring) ring.held = from.byState.get(state)!.held;
  }

  /** What the rings among these states hold, to go with a copy of the states. */
  copyOf(states: readonly Value[]): { take(): void; restore(): void } {
    const rings = states.map((state) => this.byState.get(state)).filter((ring) => ring !== undefined);
    let held = rings.map((ring) => ring.held);
    return {
      take: () => void (held = rings.map((ring) => ring.held)),
      restore: () => rings.forEach((ring, i) => (ring.held = held[i]!)),
    };
  }
}
