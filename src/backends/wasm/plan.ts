import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, GraphLimits, Value } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { greatest, sum } from '../../base/numbers.ts';
import { readableValues } from '../checks.ts';
import { batchesOf, MAX_PIECES, STAGING_BYTES, stagingBytes } from '../staging.ts';
import { CONTROL_AT } from './control.ts';
import type { Sizes } from './kernels.ts';
import { lower, recordOf, type Lowered, type RareExpansions, type Slot } from './lower.ts';
import { aligned } from './aligned.ts';
import { placeActivations, schedule, scheduleOneByOne, type FusedCalls, type Schedule } from './schedule.ts';
import { weightLayout, type WeightLayout } from './weights.ts';
import type { Paging } from './paged/paging.ts';
import { GRID_BYTES, stepWords, textWords } from './words.ts';

/**
 * The places of everything in memory, worked out from a file's header before anything is allocated:
 *
 *     | control | loading, grids | texts of a step | scratch × threads | weights | activations | constants, records, states of program | … of program | …
 *                                             └ during upload: two staging areas
 *
 * Programs run one at a time, so they share one area for activations. Each program has one more piece of its own. Constants
 * are stored once, however many programs use them.
 */

/** A graph made ready to be placed: its calls, fused, and how much memory each part takes. */
export interface ProgramPlan {
  readonly graph: Graph;
  /** As it was asked for. */
  readonly keep: readonly Value[] | undefined;
  readonly slots: Lowered['slots'];
  readonly plain: Lowered['plain'];
  readonly fused: readonly FusedCalls[];
  readonly lifetimes: Schedule['lifetimes'];
  /** Values whose memory nothing else uses. */
  readonly readable: ReadonlySet<Value>;
  /** Offsets of activations in their area. */
  readonly activations: ReadonlyMap<Slot, number>;
  readonly constants: readonly Slot[];
  readonly states: readonly Slot[];
  readonly activationBytes: number;
  readonly scratchBytes: number;
  /** Step block, counters and records. */
  readonly recordBytes: number;
  readonly stateBytes: number;
  readonly constantBytes: number;
}

/** A counter has a cache line of its own. */
export const COUNTER_BYTES = 64;

/** What a program is made for, besides its graph. */
export interface ProgramOptions {
  readonly activations: ActivationKind;
  /** Values that can be read after a run besides the results. */
  readonly keep?: readonly Value[] | undefined;
  /** The bytes for activations that there are. Default: as many as it takes. */
  readonly roomBytes?: number;
  /** Makes some activations live longer. */
  readonly lengthened?: ((made: Schedule) => Schedule) | undefined;
  readonly rare?: RareExpansions | undefined;
}

export function planProgram(graph: Graph, sizes: Sizes, options: ProgramOptions): ProgramPlan {
  const { activations, keep, roomBytes = Infinity, rare, lengthened } = options;
  const readable = readableValues(graph, keep);
  const { calls, slots, plain } = lower(graph, sizes, activations, rare);
  const { fused, lifetimes, offsets, bytes } = placed(calls, sizes, {
    kept: new Set([...readable].map((value) => slots.get(value)!)),
    roomBytes,
    lengthened,
  });
  const unique = [...new Set(slots.values())];
  const constants = unique.filter(({ role }) => role === 'constant');
  const states = unique.filter(({ role }) => role === 'state');
  const records = calls.map((call) => recordOf(call));
  const stepBytes = stepBytesOf(graph);
  return {
    graph,
    keep,
    slots,
    plain,
    fused,
    lifetimes,
    readable,
    activations: offsets,
    constants,
    states,
    activationBytes: bytes,
    scratchBytes: greatest(calls.map((call, i) => sizes.ask(call.op, 'scratch_bytes', records[i]!) ?? 0)),
    // a counter for each call: fewer calls never take more, however they are fused
    recordBytes: stepBytes + calls.length * COUNTER_BYTES + sum(records.map((record) => aligned(record.byteLength))),
    stateBytes: sum(states.map((state) => aligned(state.bytes))),
    constantBytes: sum(constants.map((constant) => aligned(constant.bytes))),
  };
}

interface Room {
  readonly kept: ReadonlySet<Slot>;
  readonly roomBytes: number;
  readonly lengthened: ProgramOptions['lengthened'];
}

/**
 * Calls in their phases, and activations in their places. A smaller graph may take more room than the one that memory was set aside for:
 * more of its calls come together, or places fit each other less well. Then its calls go one by one.
 */
function placed(calls: Lowered['calls'], sizes: Sizes, { kept, roomBytes, lengthened = (made) => made }: Room) {
  const made = lengthened(schedule(calls, sizes, kept));
  const places = placeActivations(made.lifetimes);
  if (places.bytes <= roomBytes) return { ...made, ...places };
  const oneByOne = lengthened(scheduleOneByOne(calls, kept));
  return { ...oneByOne, ...placeActivations(oneByOne.lifetimes) };
}

/** A step's numbers and tokens; where it may have several texts, each row's text, then these. */
export function stepBytesOf({ maxTokens, maxTexts = 0 }: GraphLimits): number {
  const ofTexts = maxTexts > 0 ? maxTokens + maxTexts * textWords.length : 0;
  return aligned((stepWords.length + maxTokens + ofTexts) * 4);
}

/** Where a step of several programs lists the text of each row, its rows of logits, and the texts: in this order. */
export const togetherBytesOf = ({ maxTokens, maxLogits }: GraphLimits, maxSessions: number): number =>
  maxSessions > 1 ? 4 * (maxTokens + maxLogits + maxSessions * textWords.length) : 0;

/** The bytes that a program takes beyond the shared area. */
export const ownBytes = (plan: ProgramPlan): number => plan.recordBytes + plan.stateBytes;

export interface MemoryPlan {
  /** Where weights lie; of those that are paged, where they lie while they are used. */
  readonly weights: ReadonlyMap<string, WeightPlace>;
  /** What does not stay in memory; undefined where all weights do. */
  readonly paging?: Paging | undefined;
  /** Where paged weights come by. */
  readonly paged: Region;
  /** Most bytes of a batch that upload reads at a time. */
  readonly batchBytes: number;
  readonly scratch: readonly Region[];
  /** The program that packs a batch of weights: counters of its nodes, then their records. */
  readonly loading: Region;
  /** What kernels look up while they pack; of no bytes where no weight wants it. */
  readonly grids: Region;
  /** What a step of several programs has beside their own steps; of no bytes where there is one program. */
  readonly together: Region;
  /** Rows that are packed together; pieces of a matrix are whole items. */
  readonly rowsPerItem: number;
  readonly activations: Region;
  /** Where programs and constants lie: room for `maxSessions` of the planned one. */
  readonly programs: Region;
  /** Bytes that each program takes, also a smaller one: then any other fits where one was. */
  readonly programBytes: number;
  readonly maxSessions: number;
  /** Bytes of everything, with `maxSessions` programs: what is allocated. */
  readonly maximumBytes: number;
  /** For messages and `inspect`. */
  readonly parts: {
    readonly weightBytes: number;
    readonly activationBytes: number;
    readonly constantBytes: number;
    readonly recordBytes: number;
    readonly stateBytes: number;
    readonly scratchBytes: number;
  };
}

/** Where a weight lies, and how. */
export interface WeightPlace extends WeightLayout {
  readonly begin: number;
  /** Where the addresses of a stack's matrices are listed, right in front of them. */
  readonly table: number | undefined;
}

export interface Region {
  readonly begin: number;
  readonly bytes: number;
}

export interface MemoryNeeds {
  readonly weights: readonly Tensor[];
  readonly program: ProgramPlan;
  readonly maxSessions: number;
  readonly threads: number;
  /** Default: all weights stay in memory. */
  readonly paging?: Paging | undefined;
}

/** @param needs `program` is the largest that will be prepared. */
export function planMemory({ weights, program, maxSessions, threads, paging }: MemoryNeeds, sizes: Sizes): MemoryPlan {
  let end = CONTROL_AT + aligned(sizes.controlBytes);
  const take = (bytes: number): Region => {
    const begin = end;
    end += aligned(bytes);
    return { begin, bytes };
  };
  const loading = take(MAX_PIECES * (COUNTER_BYTES + PACK_RECORD_BYTES));
  const grids = take(weights.some(({ quant }) => quant.grids) ? GRID_BYTES : 0);
  const together = take(togetherBytesOf(program.graph, maxSessions));
  const { rowsPerItem } = sizes;
  const layouts = new Map(weights.map((tensor) => [tensor.name, weightLayout(tensor, program.plain, sizes)]));
  const packedCols = [...layouts.values()].filter(({ isPacked }) => isPacked).map(({ cols }) => cols);
  const scratchBytes = greatest([program.scratchBytes, ...packedCols.map((cols) => sizes.matrixScratchBytes(cols))]);
  const scratch = Array.from({ length: threads }, () => take(scratchBytes));
  const placeOf = (layout: WeightLayout): WeightPlace => {
    const table = layout.isStack ? take(4 * layout.nMatrices).begin : undefined;
    return { ...layout, ...take(layout.bytes), table };
  };
  const resident = [...layouts].filter(([name]) => !paging?.stored.has(name));
  const places = new Map(resident.map(([name, layout]) => [name, placeOf(layout)]));
  const paged = take(paging?.bytes ?? 0);
  for (const [name, at] of paging?.places ?? [])
    places.set(name, { ...layouts.get(name)!, begin: paged.begin + at, table: undefined });
  for (const name of paging?.stacks ?? []) {
    const layout = layouts.get(name)!;
    places.set(name, { ...layout, begin: paged.begin, table: take(4 * layout.nMatrices).begin });
  }
  const weightsEnd = end;
  const activations = take(program.activationBytes);
  const programsBegin = end;
  const programs = (n: number): number => programsBegin + program.constantBytes + n * aligned(ownBytes(program));
  const halfBytes = Math.floor((programs(maxSessions) - weightsEnd) / 2);
  const batchBytes = paging ? Math.min(STAGING_BYTES, halfBytes) : STAGING_BYTES; // of a budget nothing is left for loading
  const staged = weightsEnd + 2 * stagingBytes(batchesOf(weights, rowsPerItem, batchBytes));
  return {
    weights: places,
    paging,
    paged,
    batchBytes,
    scratch,
    loading,
    grids,
    together,
    rowsPerItem,
    activations,
    programBytes: ownBytes(program),
    programs: { begin: programsBegin, bytes: programs(maxSessions) - programsBegin },
    maxSessions,
    maximumBytes: Math.max(programs(maxSessions), staged),
    parts: {
      weightBytes: sum(resident.map(([, { bytes }]) => aligned(bytes))) + aligned(paged.bytes),
      activationBytes: program.activationBytes,
      constantBytes: program.constantBytes,
      recordBytes: program.recordBytes,
      stateBytes: program.stateBytes,
      scratchBytes: scratchBytes * threads,
    },
  };
}

/** Room for a record of `pack_rows`. */
export const PACK_RECORD_BYTES = 128;
