import { ResourceError } from '../../../base/errors.ts';
import { counted, greatest, sum } from '../../../base/numbers.ts';
import { bytesOf, type Tensor } from '../../../graph/tensor.ts';
import { batchesOf, STAGING_BYTES, stagingBytes } from '../../staging.ts';
import { aligned } from '../aligned.ts';
import type { Sizes } from '../kernels.ts';
import { planMemory, type MemoryNeeds, type MemoryPlan } from '../plan.ts';
import { weightLayout } from '../weights.ts';
import { stepWords } from '../words.ts';
import type { ExpertGroup } from './expert_groups.ts';
import type { ExpertPlace, Paging, PlacedUnit, RowsPlace } from './paging.ts';
import { pageableOf, type Pageable, type Unit } from './units.ts';

/** So many areas there are at least: one is read while another one is packed. */
const LEAST_AREAS = 2;

/** So many experts of a layer there is room for at least: one is read while another one is computed with. */
const LEAST_SLOTS = 2;

/** How much leaves. */
interface Leaving {
  readonly units: ReadonlySet<Unit>;
  /** Slots for experts in all layers together. */
  readonly nSlots: number;
  /** Whether a whole unit can be read while another one is in use. */
  readonly isRoomy: boolean;
}

/**
 * The plan of a model that may take `budgetBytes`, and needs more to be in memory as a whole: as much stays there as can. Experts leave first:
 * a token takes few of them, and all of everything else.
 * @throws ResourceError that says what the least is.
 */
export function planPaged(needs: MemoryNeeds, budgetBytes: number, sizes: Sizes): MemoryPlan {
  const planner = plannerOf(needs, sizes);
  const order = inOrderOfLeaving(planner.pageable.units);
  const { groups } = planner.pageable;
  const nExperts = sum(groups.map((group) => planner.nExperts(group)));
  const leastSlots = sum(groups.map((group) => Math.min(LEAST_SLOTS, planner.nExperts(group))));
  const none = new Set<Unit>();
  const plan = (leaving: Leaving) => planMemory({ ...needs, paging: planner.pagingOf(leaving) }, sizes);
  const fits = (leaving: Leaving): boolean => plan(leaving).maximumBytes <= budgetBytes;
  const withSlots = (nSlots: number): Leaving => ({ units: none, nSlots, isRoomy: true });
  if (fits(withSlots(leastSlots))) {
    let [fitting, tooMany] = [leastSlots, nExperts + 1];
    while (tooMany - fitting > 1) {
      const middle = (fitting + tooMany) >> 1;
      if (fits(withSlots(middle))) fitting = middle;
      else tooMany = middle;
    }
    return plan(withSlots(fitting));
  }
  let leastBytes = Infinity;
  for (const isRoomy of [true, false]) {
    for (let n = 1; n <= order.length; n++) {
      const made = plan({ units: new Set(order.slice(0, n)), nSlots: leastSlots, isRoomy });
      if (made.maximumBytes <= budgetBytes) return made;
      leastBytes = Math.min(leastBytes, made.maximumBytes);
    }
  }
  const came = `memory is ${counted(budgetBytes)} bytes; with weights that are read when they are used`;
  throw new ResourceError(
    `${came}, this model needs at least ${counted(leastBytes)}; give it that, or make do with a smaller nCtx, fewer sessions (maxSessions)`,
  );
}

/** What is part of the golden section leaves evenly spread gaps, however many of it are taken. */
const GOLDEN = 0.618033988749895;

/**
 * Units in the order in which they give up their places: evenly spread over a step. Those that are much larger than others come last: the
 * ring has to take the largest one that comes by.
 */
function inOrderOfLeaving(units: readonly Unit[]): Unit[] {
  const middle = [...units].sort((a, b) => a.bytes - b.bytes)[units.length >> 1]?.bytes ?? 0;
  const key = (unit: Unit, i: number): number => (unit.bytes > 3 * middle ? unit.bytes : 0) + ((i * GOLDEN) % 1);
  return units
    .map((unit, i) => ({ unit, key: key(unit, i) }))
    .sort((a, b) => a.key - b.key)
    .map(({ unit }) => unit);
}

/** Hands out a region's bytes. */
class Region {
  bytes = 0;

  take(bytes: number): number {
    const at = this.bytes;
    this.bytes += aligned(bytes);
    return at;
  }
}

function plannerOf({ program, weights }: MemoryNeeds, sizes: Sizes) {
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]));
  const layouts = new Map(weights.map((tensor) => [tensor.name, weightLayout(tensor, program.plain, sizes)]));
  const bytesIn = (name: string): number => layouts.get(name)!.bytes;
  const pageable: Pageable = pageableOf(program, weights, bytesIn);
  const nExperts = ({ stacks }: ExpertGroup): number => byName.get(stacks[0]!)!.shape[0]!;
  const { maxTokens } = program.graph;
  const { rowsPerItem } = sizes;

  /** Room for whatever is read of some tensors at a time. */
  const areasFor = (tensors: readonly Tensor[], wholeBytes: number, isRoomy: boolean) => {
    if (tensors.length === 0) return { areaBytes: 0, nAreas: 0 };
    const areaBytes = stagingBytes(batchesOf(tensors, rowsPerItem, Math.min(STAGING_BYTES, wholeBytes)));
    return { areaBytes, nAreas: Math.max(LEAST_AREAS, isRoomy ? Math.ceil(wholeBytes / areaBytes) + 1 : 0) };
  };

  const rowsOf = (table: Tensor, region: Region): RowsPlace => {
    const cols = table.shape[1]!;
    const rowBytes = bytesOf({ ...table, shape: [cols] });
    const rawAt = region.take(maxTokens * rowBytes);
    const packedAt = region.take(sizes.packedBytes(table.quant, maxTokens, cols)!);
    return { table, rowBytes, rawAt, packedAt, stepAt: region.take(4 * (stepWords.length + maxTokens)) };
  };

  const slotsOf = (group: ExpertGroup, nSlots: number, region: Region): ExpertPlace => {
    const slot = new Region();
    const stacks = group.stacks.map((name) => {
      const layout = layouts.get(name)!;
      return { tensor: byName.get(name)!, layout, at: slot.take(layout.matrixBytes) };
    });
    return {
      stacks,
      nExperts: nExperts(group),
      nSlots,
      slotsAt: region.take(nSlots * slot.bytes),
      slotBytes: slot.bytes,
    };
  };

  function pagingOf({ units: leaving, nSlots, isRoomy }: Leaving): Paging {
    const { units, tables, groups } = pageable;
    const coming = units.filter((unit) => leaving.has(unit));
    const stays = new Set(units.flatMap((unit) => (leaving.has(unit) ? [] : unit.weights.map(({ name }) => name))));
    const byRows = tables.filter(({ name }) => !stays.has(name));
    const ringBytes = greatest(coming.map(({ bytes }) => bytes));
    const rawBytes = greatest(coming.map(({ weights }) => sum(weights.map((tensor) => bytesOf(tensor)))));
    const stacks = groups.flatMap((group) => group.stacks);
    const stackTensors = stacks.map((name) => byName.get(name)!);
    const expertBytes = greatest(
      groups.map((group) => sum(group.stacks.map((name) => bytesOf(byName.get(name)!) / nExperts(group)))),
    );
    const ofUnits = areasFor(
      coming.length > 0 ? weights.filter(({ name }) => !stacks.includes(name)) : [],
      rawBytes,
      isRoomy,
    );
    const ofExperts = areasFor(stackTensors, isRoomy ? 2 * expertBytes : expertBytes, isRoomy);
    const region = new Region();
    region.take(ringBytes);
    const { areaBytes = 0, nAreas } = ofUnits;
    const stagingAt = region.take(nAreas * aligned(areaBytes));
    const expertStagingAt = region.take(ofExperts.nAreas * aligned(ofExperts.areaBytes));
    const rows = byRows.map((table) => rowsOf(table, region));
    const each = Math.floor(nSlots / Math.max(1, groups.length));
    const experts = groups.map((group, g) =>
      slotsOf(group, Math.min(nExperts(group), each + (g < nSlots % groups.length ? 1 : 0)), region),
    );
    const streamed = coming.flatMap(({ weights }) => weights);
    const used = sum(groups.map((group) => (group.nUsed * expertBytesOf(group)) | 0));
    return {
      stored: new Set([...streamed, ...byRows].map(({ name }) => name).concat(stacks)),
      ...placeInRing(coming, ringBytes, ({ name }) => aligned(bytesIn(name))),
      tables: rows,
      experts,
      stacks,
      stagingAt,
      nAreas,
      areaBytes: aligned(areaBytes),
      expertStagingAt,
      expertAreas: ofExperts.nAreas,
      expertAreaBytes: aligned(ofExperts.areaBytes),
      bytes: region.bytes,
      bytesPerToken: sum(streamed.map((tensor) => bytesOf(tensor))) + sum(rows.map(({ rowBytes }) => rowBytes)) + used,
    };
  }

  const expertBytesOf = (group: ExpertGroup): number =>
    sum(group.stacks.map((name) => bytesOf(byName.get(name)!) / nExperts(group)));

  return { pageable, nExperts, pagingOf };
}

/** One behind the other; what does not fit in before the end begins anew. */
function placeInRing(units: readonly Unit[], ringBytes: number, bytesOf: (tensor: Tensor) => number) {
  const places = new Map<string, number>();
  let at = 0;
  const placed = units.map((unit): PlacedUnit => {
    if (at + unit.bytes > ringBytes) at = 0;
    const begin = at;
    for (const tensor of unit.weights) {
      places.set(tensor.name, at);
      at += bytesOf(tensor);
    }
    return { ...unit, begin, end: at };
  });
  return { places, units: placed };
}
