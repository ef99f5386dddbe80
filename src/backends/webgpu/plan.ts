import { ResourceError } from '../../base/errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { readableValues } from '../checks.ts';
import { wholeOf, type Call, type Lowered, type Slot, type Surroundings } from './calls.ts';
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
  const lowered = lower(graph, surroundings, readable);
  checkGrids(lowered, graph);
  const kept = new Set([...readable].flatMap((value) => lowered.slots.get(value) ?? []).map(wholeOf));
  return {
    graph,
    readable,
    calls: lowered.calls,
    hostNodes: lowered.hostNodes,
    slots: lowered.slots,
    ...share(lowered, kept),
  };
}

/** Workgroups along a side of a grid: what every device takes. */
const MOST_WORKGROUPS = 65535;

/** @throws ResourceError for steps of more rows than a device takes at once. */
function checkGrids({ calls }: Lowered, { maxTokens, maxLogits, nCtx }: Graph): void {
  const most = { tokens: maxTokens, logits: maxLogits };
  if (calls.every(({ grid, rows }) => grid.x <= MOST_WORKGROUPS && grid.y(most[rows]) <= MOST_WORKGROUPS)) return;
  const came = `steps of ${maxTokens} tokens, which nCtx ${nCtx} asks for, are more than a GPU takes at once`;
  throw new ResourceError(`${came}; open the model with an nCtx of 8192 or less, or with backend: 'wasm'`);
}

/**
 * Activations whose lives do not overlap share a buffer. A call never writes to a buffer that it reads: a value's place is free again
 * behind the last call that reads it.
 */
function share({ calls }: Lowered, kept: ReadonlySet<Slot>): Pick<ProgramPlan, 'places' | 'shared'> {
  const lastUse = new Map<Slot, number>();
  const slotsOf = ({ out, inputs }: Call) => [out, ...inputs].flatMap((slot) => slot ?? []).map(wholeOf);
  for (const [i, call] of calls.entries())
    for (const slot of slotsOf(call)) if (slot.role === 'activation') lastUse.set(slot, i);
  const places = new Map<Slot, number>();
  const shared: number[] = [];
  const free: number[] = [];
  for (const [i, call] of calls.entries()) {
    for (const out of [wholeOf(call.out), ...(call.begun ? [call.begun] : [])]) {
      if (out.role !== 'activation' || places.has(out)) continue;
      const found = kept.has(out) ? undefined : takeBest(free, shared, out.bytes);
      const place = found ?? shared.push(0) - 1;
      shared[place] = Math.max(shared[place]!, out.bytes);
      places.set(out, place);
    }
    for (const slot of new Set(slotsOf(call))) {
      if (slot.role === 'activation' && lastUse.get(slot) === i && !kept.has(slot)) free.push(places.get(slot)!);
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
