import { ResourceError } from '../../../base/errors.ts';
import { counted, greatest, sum } from '../../../base/numbers.ts';
import { bytesOf, type Tensor } from '../../../graph/tensor.ts';
import { batchesOf, STAGING_BYTES, stagingBytes } from '../../staging.ts';
import { aligned } from '../aligned.ts';
import type { Sizes } from '../kernels.ts';
import { planMemory, type MemoryNeeds, type MemoryPlan } from '../plan.ts';
import { weightLayout, type WeightLayout } from '../weights.ts';
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
  const model = modelOf(needs, sizes);
  const { units, groups } = model.pageable;
  const order = inOrderOfLeaving(units);
  const nExperts = sum(groups.map((group) => nExpertsOf(model, group)));
  const leastSlots = sum(groups.map((group) => Math.min(LEAST_SLOTS, nExpertsOf(model, group))));
  const none = new Set<Unit>();
  const plan = (leaving: Leaving) => planMemory({ ...needs, paging: pagingOf(model, leaving) }, sizes);
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

/** What plans of a model with different amounts in memory have in common. */
interface Model extends Pick<MemoryNeeds, 'program' | 'weights'> {
  readonly sizes: Sizes;
  readonly byName: ReadonlyMap<string, Tensor>;
  readonly layouts: ReadonlyMap<string, WeightLayout>;
  readonly pageable: Pageable;
}

function modelOf({ program, weights }: MemoryNeeds, sizes: Sizes): Model {
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor]));
  const layouts = new Map(weights.map((tensor) => [tensor.name, weightLayout(tensor, program.plain, sizes)]));
  const pageable = pageableOf(program, weights, (name) => layouts.get(name)!.bytes);
  return { program, weights, sizes, byName, layouts, pageable };
}

const nExpertsOf = ({ byName }: Model, { stacks }: ExpertGroup): number => byName.get(stacks[0]!)!.shape[0]!;

/** Bytes of one expert, as the file has it. */
const expertBytesOf = (model: Model, group: ExpertGroup): number =>
  sum(group.stacks.map((name) => bytesOf(model.byName.get(name)!) / nExpertsOf(model, group)));

/** Room for so many bytes of some tensors at a time, or for as little as goes. */
function areasFor(
  { sizes }: Model,
  tensors: readonly Tensor[],
  { wholeBytes, isRoomy }: { wholeBytes: number; isRoomy: boolean },
) {
  if (tensors.length === 0) return { areaBytes: 0, nAreas: 0 };
  const areaBytes = stagingBytes(batchesOf(tensors, sizes.rowsPerItem, Math.min(STAGING_BYTES, wholeBytes)));
  return {
    areaBytes: aligned(areaBytes),
    nAreas: Math.max(LEAST_AREAS, isRoomy ? Math.ceil(wholeBytes / areaBytes) + 1 : 0),
  };
}

function rowsPlace({ program, sizes }: Model, table: Tensor, region: Region): RowsPlace {
  const { maxTokens } = program.graph;
  const cols = table.shape[1]!;
  const rowBytes = bytesOf({ ...table, shape: [cols] });
  const rawAt = region.take(maxTokens * rowBytes);
  const packedAt = region.take(sizes.packedBytes(table.quant, maxTokens, cols)!);
  return { table, rowBytes, rawAt, packedAt, stepAt: region.take(4 * (stepWords.length + maxTokens)) };
}

function expertPlace(model: Model, group: ExpertGroup, nSlots: number, region: Region): ExpertPlace {
  const slot = new Region();
  const stacks = group.stacks.map((name) => {
    const layout = model.layouts.get(name)!;
    return { tensor: model.byName.get(name)!, layout, at: slot.take(layout.matrixBytes) };
  });
  const nExperts = nExpertsOf(model, group);
  const slotsAt = region.take(nSlots * slot.bytes);
  return { stacks, nExperts, nSlots, slotsAt, slotBytes: slot.bytes };
}

function pagingOf(model: Model, { units: leaving, nSlots, isRoomy }: Leaving): Paging {
  const { byName, layouts, pageable } = model;
  const { units, tables, groups } = pageable;
  const coming = units.filter((unit) => leaving.has(unit));
  const streamed = coming.flatMap(({ weights }) => weights);
  const stays = new Set(units.flatMap((unit) => (leaving.has(unit) ? [] : unit.weights.map(({ name }) => name))));
  const byRows = tables.filter(({ name }) => !stays.has(name));
  const ringBytes = greatest(coming.map(({ bytes }) => bytes));
  const stacks = groups.flatMap((group) => group.stacks);
  const unitBytes = greatest(coming.map(({ weights }) => sum(weights.map((tensor) => bytesOf(tensor)))));
  const expertBytes = greatest(groups.map((group) => expertBytesOf(model, group)));
  const ofUnits = areasFor(model, streamed, { wholeBytes: unitBytes, isRoomy });
  const stackTensors = stacks.map((name) => byName.get(name)!);
  const ofExperts = areasFor(model, stackTensors, { wholeBytes: 2 * expertBytes, isRoomy });
  const region = new Region();
  region.take(ringBytes);
  const stagingAt = region.take(ofUnits.nAreas * ofUnits.areaBytes);
  const expertStagingAt = region.take(ofExperts.nAreas * ofExperts.areaBytes);
  const rows = byRows.map((table) => rowsPlace(model, table, region));
  const experts = groups.map((group, g) => {
    const share = Math.floor(nSlots / groups.length) + (g < nSlots % groups.length ? 1 : 0);
    return expertPlace(model, group, Math.min(nExpertsOf(model, group), share), region);
  });
  return {
    stored: new Set([...[...streamed, ...byRows].map(({ name }) => name), ...stacks]),
    ...placeInRing(coming, ringBytes, ({ name }) => aligned(layouts.get(name)!.bytes)),
    tables: rows,
    experts,
    stacks,
    stagingAt,
    ...ofUnits,
    expertStagingAt,
    expertAreas: ofExperts.nAreas,
    expertAreaBytes: ofExperts.areaBytes,
    bytes: region.bytes,
    bytesPerToken:
      sum(streamed.map((tensor) => bytesOf(tensor))) +
      sum(rows.map(({ rowBytes }) => rowBytes)) +
      sum(groups.map((group) => group.nUsed * expertBytesOf(model, group))),
  };
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
