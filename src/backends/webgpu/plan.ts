import type { Graph, Value } from '../../graph/graph.ts';
import { readableValues } from '../checks.ts';
import type { Lowered, Slot, Surroundings } from './calls.ts';
import { lower } from './lower.ts';

/** A graph made ready for a device: its calls, and which buffers they share. */
export interface ProgramPlan extends Lowered {
  readonly graph: Graph;
  /** Values whose buffer nothing else uses. */
  readonly readable: ReadonlySet<Value>;
  /** Which of the shared buffers an activation lies in. */
  readonly places: ReadonlyMap<Slot, number>;
  /** Bytes of each shared buffer. */
  readonly shared: readonly number[];
}

export function planProgram(graph: Graph, surroundings: Surroundings, keep?: readonly Value[]): ProgramPlan {
  const readable = readableValues(graph, keep);
  const lowered = lower(graph, surroundings);
  const kept = new Set([...readable].map((value) => lowered.slots.get(value)));
  return {
    graph,
    readable,
    calls: lowered.calls,
    hostNodes: lowered.hostNodes,
    slots: lowered.slots,
    ...share(lowered, kept),
  };
}

/**
 * Activations whose lives do not overlap share a buffer. A call never writes to a buffer that it reads: a value's place is free again
 * behind the last call that reads it.
 */
function share({ calls }: Lowered, kept: ReadonlySet<Slot | undefined>): Pick<ProgramPlan, 'places' | 'shared'> {
  const lastUse = new Map<Slot, number>();
  for (const [i, { out, inputs }] of calls.entries()) {
    for (const slot of [out, ...inputs]) if (slot?.role === 'activation') lastUse.set(slot, i);
  }
  const places = new Map<Slot, number>();
  const shared: number[] = [];
  const free: number[] = [];
  for (const [i, { out, inputs }] of calls.entries()) {
    if (out.role === 'activation' && !places.has(out)) {
      const found = kept.has(out) ? undefined : takeBest(free, shared, out.bytes);
      const place = found ?? shared.push(0) - 1;
      shared[place] = Math.max(shared[place]!, out.bytes);
      places.set(out, place);
    }
    for (const slot of new Set([out, ...inputs])) {
      if (slot?.role === 'activation' && lastUse.get(slot) === i && !kept.has(slot)) free.push(places.get(slot)!);
    }
  }
  return { places, shared };
}

/** The place that fits best: the smallest that is large enough, else the largest. It is free no longer. */
function takeBest(free: number[], shared: readonly number[], bytes: number): number | undefined {
  const size = (place: number): number => (shared[place]! >= bytes ? shared[place]! : 2 ** 53 - shared[place]!);
  const [best] = [...free].sort((a, b) => size(a) - size(b));
  if (best !== undefined) free.splice(free.indexOf(best), 1);
  return best;
}
