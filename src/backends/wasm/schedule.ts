import { greatest } from '../../base/numbers.ts';
import { aligned } from './aligned.ts';
import type { KernelCall, Slot } from './lower.ts';
import type { Sizes } from './kernels.ts';

/**
 * Decides when calls run and where their results lie. It sorts calls into *phases*. A barrier stands between two phases, and
 * within a phase no call needs what another thread writes. A call goes into the earliest phase that its inputs allow:
 *
 *     phase 3   norm → quantise                 rows: one thread does a row of both, see assembly/lib/program.ts
 *     phase 4   matmul q │ matmul k │ matmul v  independent of each other
 *     phase 5   rope q → rope k → store k → store v
 *     phase 6   attention
 */
export interface FusedCalls {
  /** Handed out together, row by row; a single call where its kernel has other items. */
  readonly calls: readonly KernelCall[];
  readonly phase: number;
}

export interface Schedule {
  /** In execution order. */
  readonly fused: readonly FusedCalls[];
  /** First and last phase in which each activation is needed. */
  readonly lifetimes: ReadonlyMap<Slot, Lifetime>;
}

export interface Lifetime {
  first: number;
  last: number;
}

/** The accesses that a later call has to respect. */
interface Access {
  readonly call: KernelCall;
  readonly phase: number;
}

/** Each call in a phase of its own: the least memory that there is, for as many barriers as there are calls. */
export function scheduleOneByOne(calls: readonly KernelCall[], kept: ReadonlySet<Slot>): Schedule {
  const phases = new Map(calls.map((call, phase) => [call, phase]));
  return { fused: calls.map((call, phase) => ({ calls: [call], phase })), lifetimes: lifetimesOf(calls, phases, kept) };
}

/** @param kept slots that are read after the run. */
export function schedule(calls: readonly KernelCall[], sizes: Sizes, kept: ReadonlySet<Slot>): Schedule {
  const ops = new Set(calls.map(({ op }) => op));
  const inItems = new Set([...ops].filter((op) => sizes.hasKernel(`${op}_items`)));
  const byRows = ({ op }: KernelCall): boolean => !inItems.has(op);
  const fusable = (a: KernelCall, b: KernelCall): boolean => byRows(a) && byRows(b) && a.rows === b.rows;
  const writes = new Map<Slot, Access>();
  const reads = new Map<Slot, Access[]>();
  const phases = new Map<KernelCall, number>();

  for (const call of calls) {
    const inputs = call.inputs.filter((slot) => slot !== undefined);
    let phase = 0;
    const after = (access: Access | undefined): void => {
      if (access) phase = Math.max(phase, access.phase + (fusable(access.call, call) ? 0 : 1));
    };
    for (const slot of inputs) after(writes.get(slot));
    for (const slot of call.outs) {
      after(writes.get(slot));
      reads.get(slot)?.forEach(after);
    }
    phases.set(call, phase);
    for (const slot of inputs) append(reads, slot, { call, phase });
    for (const slot of call.outs) {
      writes.set(slot, { call, phase });
      reads.delete(slot);
    }
  }
  return { fused: fuseCalls(calls, phases, byRows), lifetimes: lifetimesOf(calls, phases, kept) };
}

/** Phase by phase; in each, first the calls that go by rows (few, indivisible items in decode), then the others. */
function fuseCalls(
  calls: readonly KernelCall[],
  phases: ReadonlyMap<KernelCall, number>,
  byRows: (call: KernelCall) => boolean,
): FusedCalls[] {
  const byPhase = groupBy(calls, (call) => phases.get(call)!);
  return [...byPhase.keys()]
    .sort((a, b) => a - b)
    .flatMap((phase) => {
      const inPhase = byPhase.get(phase)!;
      const together = [...groupBy(inPhase.filter(byRows), ({ rows }) => rows).values()];
      const alone = inPhase.filter((call) => !byRows(call)).map((call) => [call]);
      return [...together, ...alone].map((fused) => ({ calls: fused, phase }));
    });
}

function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    append(groups, keyOf(item), item);
  }
  return groups;
}

function append<K, T>(groups: Map<K, T[]>, key: K, item: T): void {
  const group = groups.get(key);
  if (group) group.push(item);
  else groups.set(key, [item]);
}

function lifetimesOf(
  calls: readonly KernelCall[],
  phases: ReadonlyMap<KernelCall, number>,
  kept: ReadonlySet<Slot>,
): Map<Slot, Lifetime> {
  const lifetimes = new Map<Slot, Lifetime>();
  for (const call of calls) {
    const phase = phases.get(call)!;
    for (const slot of [...call.outs, ...call.inputs]) {
      if (slot?.role !== 'activation') continue;
      const lifetime = lifetimes.get(slot);
      if (!lifetime) lifetimes.set(slot, { first: phase, last: phase });
      else {
        lifetime.first = Math.min(lifetime.first, phase);
        lifetime.last = Math.max(lifetime.last, phase);
      }
    }
  }
  for (const slot of kept) lifetimes.get(slot)!.last = Infinity;
  return lifetimes;
}

/** Places activations so that only those never needed in the same phase share memory; largest first, lowest place first. */
export function placeActivations(lifetimes: ReadonlyMap<Slot, Lifetime>): {
  offsets: Map<Slot, number>;
  bytes: number;
} {
  const offsets = new Map<Slot, number>();
  const lastPhase = greatest([...lifetimes.values()].map(({ first, last }) => (last < Infinity ? last : first)));
  const placed = Array.from({ length: lastPhase + 1 }, (): { begin: number; end: number }[] => []); // by phase
  let bytes = 0;
  for (const [slot, { first, last }] of [...lifetimes].sort(([a], [b]) => b.bytes - a.bytes)) {
    const phases = placed.slice(first, Math.min(last, lastPhase) + 1);
    const others = [...new Set(phases.flat())].sort((a, b) => a.begin - b.begin);
    let begin = 0;
    for (const other of others) {
      if (begin + slot.bytes <= other.begin) break;
      begin = Math.max(begin, other.end);
    }
    const place = { begin, end: begin + aligned(slot.bytes) };
    offsets.set(slot, begin);
    for (const phase of phases) phase.push(place);
    bytes = Math.max(bytes, place.end);
  }
  return { offsets, bytes };
}
