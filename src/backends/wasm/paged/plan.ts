import { ResourceError } from '../../../base/errors.ts';
import { counted, greatest, sum } from '../../../base/numbers.ts';
import { bytesOf, type Tensor } from '../../../graph/tensor.ts';
import { batchesOf, STAGING_BYTES, stagingBytes } from '../../staging.ts';
import { aligned } from '../aligned.ts';
import type { Sizes } from '../kernels.ts';
import { planMemory, type MemoryNeeds, type MemoryPlan } from '../plan.ts';
import { weightLayout } from '../weights.ts';
import { stepWords } from '../words.ts';
import { pageableOf, type Pageable, type Unit } from './units.ts';

/**
 * What stays in memory, and what comes by, for a number of bytes. All of this lies in one region:
 *
 *     | ring: units, one behind the other | staging areas | rows of a token table: as in the file, packed │ a step of its own | …
 *
 * A unit has the same place in each step, so records need not be written anew. Units that stay lie between units that come by: while they are
 * computed, the next ones are read.
 */
export interface Paging {
  /** Weights without a place of their own. */
  readonly stored: ReadonlySet<string>;
  /** Where those lie that come by as a whole, from the beginning of the region. */
  readonly places: ReadonlyMap<string, number>;
  readonly units: readonly PlacedUnit[];
  readonly tables: readonly RowsPlace[];
  /** From the beginning of the region: areas for bytes as the file has them. */
  readonly stagingAt: number;
  readonly nAreas: number;
  readonly areaBytes: number;
  /** Of the whole region. */
  readonly bytes: number;
  /** What a step of one token reads, as the file has it. */
  readonly bytesPerToken: number;
}

/** A unit's stretch of the ring. */
export interface PlacedUnit extends Unit {
  readonly begin: number;
  readonly end: number;
}

/** A token table of which the rows of a step come by. */
export interface RowsPlace {
  readonly table: Tensor;
  /** In the file. */
  readonly rowBytes: number;
  readonly rawAt: number;
  readonly packedAt: number;
  /** A step whose tokens are 0, 1, 2 …: row t of what came is that of token t. */
  readonly stepAt: number;
}

/** So many areas there are at least: one is read while another one is packed. */
const LEAST_AREAS = 2;

/**
 * The plan of a model that may take `budgetBytes`, and needs more to be in memory as a whole: as much stays there as can.
 * @throws ResourceError that says what the least is.
 */
export function planPaged(needs: MemoryNeeds, budgetBytes: number, sizes: Sizes): MemoryPlan {
  const { program, weights } = needs;
  const layoutOf = (tensor: Tensor) => weightLayout(tensor, program.plain, sizes).bytes;
  const layouts = new Map(weights.map((tensor) => [tensor.name, layoutOf(tensor)]));
  const pageable = pageableOf(program, weights, (name) => layouts.get(name)!);
  const order = inOrderOfLeaving(pageable.units);
  const plan = (nUnits: number, isRoomy: boolean): MemoryPlan => {
    const leaving = new Set(order.slice(0, nUnits));
    const paging = pagingOf(needs, pageable, { leaving, isRoomy }, sizes);
    return planMemory({ ...needs, paging }, sizes);
  };
  const bytesOfPlan = (nUnits: number, isRoomy: boolean): number => plan(nUnits, isRoomy).maximumBytes;
  let leastBytes = Infinity;
  for (const isRoomy of [true, false]) {
    for (let n = 0; n <= order.length; n++) {
      const bytes = bytesOfPlan(n, isRoomy);
      if (bytes <= budgetBytes) return plan(n, isRoomy);
      leastBytes = Math.min(leastBytes, bytes);
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

interface Leaving {
  readonly leaving: ReadonlySet<Unit>;
  /** Whether a whole unit can be read while another one is in use. */
  readonly isRoomy: boolean;
}

function pagingOf(
  { program, weights }: MemoryNeeds,
  { units, tables }: Pageable,
  { leaving, isRoomy }: Leaving,
  sizes: Sizes,
): Paging {
  const coming = units.filter((unit) => leaving.has(unit));
  const largest = greatest(coming.map(({ bytes }) => bytes));
  const names = new Set(coming.flatMap(({ weights }) => weights.map(({ name }) => name)));
  const stays = new Set(units.flatMap((unit) => (leaving.has(unit) ? [] : unit.weights.map(({ name }) => name))));
  const byRows = tables.filter(({ name }) => !stays.has(name));
  const placed = placeInRing(coming, largest, (tensor) => aligned(weightLayout(tensor, program.plain, sizes).bytes));
  const rawBytes = greatest(coming.map(({ weights }) => sum(weights.map((tensor) => bytesOf(tensor)))));
  const areaBytes = stagingBytes(batchesOf(weights, sizes.rowsPerItem, Math.min(STAGING_BYTES, rawBytes)));
  const nAreas = Math.max(LEAST_AREAS, isRoomy ? Math.ceil(rawBytes / areaBytes) + 1 : 0);
  let end = largest + nAreas * aligned(areaBytes);
  const take = (bytes: number): number => (end += aligned(bytes)) - aligned(bytes);
  const { maxTokens } = program.graph;
  const rows = byRows.map((table): RowsPlace => {
    const cols = table.shape[1]!;
    const rowBytes = bytesOf({ ...table, shape: [cols] });
    const rawAt = take(maxTokens * rowBytes);
    const packedAt = take(sizes.packedBytes(table.quant, maxTokens, cols)!);
    return { table, rowBytes, rawAt, packedAt, stepAt: take(4 * (stepWords.length + maxTokens)) };
  });
  const bytesPerToken = sum(coming.flatMap(({ weights }) => weights.map((tensor) => bytesOf(tensor))));
  return {
    stored: new Set(
      [...names, ...byRows.map(({ name }) => name)].filter((name) => weights.some((each) => each.name === name)),
    ),
    ...placed,
    tables: rows,
    stagingAt: largest,
    nAreas,
    areaBytes: aligned(areaBytes),
    bytes: end,
    bytesPerToken: bytesPerToken + sum(rows.map(({ rowBytes }) => rowBytes)),
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
