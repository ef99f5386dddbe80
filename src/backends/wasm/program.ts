import { ResourceError } from '../../base/errors.ts';
import type { Graph, Node, Rows, Step, StepText, Value } from '../../graph/graph.ts';
import { attention } from '../../ops/attention.ts';
import { embed } from '../../ops/embed.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { colsOf } from '../../ops/op.ts';
import type { Look, Program, StateCopy } from '../backend.ts';
import { checkAlive, checkReadable, notHeld, stepCheck } from '../checks.ts';
import { Rings } from '../rings.ts';
import type { SharedConstants } from './shared_constants.ts';
import type { Heap } from './heap.ts';
import type { Instance } from './kernels.ts';
import { recordOf, type KernelCall, type Slot } from './lower.ts';
import { COUNTER_BYTES, ownBytes, stepBytesOf, type MemoryPlan, type ProgramPlan } from './plan.ts';
import type { Paged, PagedRun } from './paged/paged_run.ts';
import type { Pool, RecordList } from './pool.ts';
import type { PlaceOf } from './upload.ts';
import { aligned } from './aligned.ts';
import { liesAsSaved, rowBytes } from './state_place.ts';
import { header, stepWords, textWords } from './words.ts';

export interface ProgramHome {
  readonly heap: Heap;
  readonly constants: SharedConstants;
  readonly instance: Instance;
  readonly pool: Pool;
  readonly memory: MemoryPlan;
  /** Where not all weights stay in memory. */
  readonly paged?: Paging | undefined;
}

/** Weights that come by, and how a program runs with them. */
interface Paging extends Paged {
  /** Where weights go while they are uploaded. */
  readonly passing: PlaceOf;
  /** Settles when nothing is under way any more. */
  readonly close: () => Promise<void>;
  readonly runOf: (...how: ConstructorParameters<typeof PagedRun>) => PagedRun;
}

/** Multiplications that take a thread a microsecond or two: rows of an adapter have as few as 16. */
const LEAST_PRODUCTS = 8192;
const ITEM_ROWS = 16;

/** Items of a matrix that have so many, for one row of activations. */
function leastItems({ op, inputs }: Node): number {
  const weights = inputs[op.quantInput ?? -1];
  return weights?.role === 'weight' ? LEAST_PRODUCTS / (ITEM_ROWS * colsOf(weights)) : 0;
}

/** Of calls that look up no rows that come by. */
const NO_ROWS = { table: undefined, step: undefined };

/** The places in the records of fused calls that are written before a run. */
interface PlacedCalls {
  readonly rows: Rows;
  /** Word indices of the records; the first one carries items and counter. */
  readonly records: readonly number[];
  /** Counts the items of a kernel that does not go by rows. */
  readonly countItems: ((record: number) => number) | undefined;
  /** Items that are worth a thread's way to the counter, for one row. */
  readonly leastItems: number;
  /** For runs that are taken apart: the calls on their own, and what they are. */
  readonly alone: RecordList;
  readonly calls: readonly KernelCall[];
}

/** A graph's records and states in memory. Running it writes a few words per node and calls the pool; it allocates nothing. */
export class WasmProgram implements Program {
  /** @internal */
  readonly plan: ProgramPlan;
  /** @internal */
  readonly home: ProgramHome;
  private readonly addresses = new Map<Slot, number>();
  /** @internal */
  readonly begin: number;
  private readonly records: RecordList;
  private readonly placed: readonly PlacedCalls[];
  private readonly stepAt: number;
  /** @internal */
  readonly rings: Rings;
  private readonly checkStep: (step: Step) => void;
  private readonly onNode: Look['onNode'];
  private readonly paged: PagedRun | undefined;
  readonly sharesResults = true;
  readonly runTogether: Program['runTogether'];
  private nRows = { tokens: 0, logits: 0 };
  private disposed = false;
  /** The view that `read` gave last. */
  private lastView = { at: 0, view: new Float32Array(0) };

  /** @throws ResourceError when the program does not fit into what was set aside. */
  constructor(plan: ProgramPlan, home: ProgramHome, onNode?: Look['onNode']) {
    this.plan = plan;
    this.home = home;
    checkFits(plan, home.memory);
    this.begin = home.heap.allocate(Math.max(ownBytes(plan), home.memory.programBytes), 'a session');
    try {
      this.placeSlots();
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.rings = new Rings(plan.graph);
    this.checkStep = stepCheck(plan.graph);
    this.onNode = onNode;
    this.stepAt = this.begin / 4;
    const counters = this.begin + stepBytesOf(plan.graph);
    const countersBytes = plan.fused.length * COUNTER_BYTES;
    const { placed, end } = this.writeRecords(counters, counters + countersBytes);
    this.placed = placed;
    this.records = { begin: counters + countersBytes, end, counters, countersBytes };
    this.paged = home.paged?.runOf(home.paged, placed, (slot) => this.addresses.get(slot)!);
    const isAlone = onNode !== undefined || plan.keep !== undefined || !hasOnlyCaches(plan.graph);
    this.runTogether = isAlone ? undefined : async (steps) => (await import('./together.ts')).runTogether(this, steps);
  }

  /** Decides every slot's address. */
  private placeSlots(): void {
    const { plan, home, addresses } = this;
    for (const [slot, offset] of plan.activations) addresses.set(slot, home.memory.activations.begin + offset);
    let at = this.begin + plan.recordBytes;
    for (const state of plan.states) {
      addresses.set(state, at);
      at += aligned(state.bytes);
    }
    for (const slot of plan.slots.values()) {
      if (slot.role !== 'weight') continue;
      const place = home.memory.weights.get(slot.name);
      if (!place) continue; // rows of it come by
      const { begin, table, isPacked } = place;
      const wantsPacked = slot.value!.shape.length > 1 && !plan.plain.has(slot.name);
      if (isPacked !== wantsPacked) {
        const came = isPacked ? 'packed for products' : 'kept as plain numbers';
        throw new TypeError(`${slot.name} is ${came}, this graph wants it otherwise; open the backend with this graph`);
      }
      addresses.set(slot, table ?? begin);
    }
    for (const slot of plan.constants) addresses.set(slot, home.constants.acquire(slot.value!));
  }

  private writeRecords(counters: number, begin: number): { placed: PlacedCalls[]; end: number } {
    const { heap, instance } = this.home;
    let at = begin;
    let phase = 0;
    const placed = this.plan.fused.map((fused, g): PlacedCalls => {
      const begin = at;
      const counter = counters + g * COUNTER_BYTES;
      const records = fused.calls.map((call, i) => {
        const rows = this.home.paged?.tables.get(call.node.inputs[0]?.name ?? '');
        const { table, step } = call.node.op === embed && rows ? rows.addresses : NO_ROWS;
        const addressOf = (slot: Slot) => (slot.role === 'weight' && table) || this.addresses.get(slot)!;
        const record = recordOf(call, addressOf, instance.kernelIndex);
        record[header.kernel] = instance.kernelIndex(call.kernel)!;
        record[header.barrier] = i === 0 && fused.phase !== phase ? 1 : 0;
        record[header.nFused] = fused.calls.length - 1 - i;
        record[header.recordBytes] = aligned(record.byteLength);
        record[header.counter] = counter;
        record[header.step] = step ?? this.begin;
        heap.ints.set(record, at / 4);
        at += aligned(record.byteLength);
        return (at - aligned(record.byteLength)) / 4;
      });
      phase = fused.phase;
      const { rows, op, node } = fused.calls[0]!;
      const countItems = instance.exports[`${op}_items`];
      return {
        rows,
        records,
        countItems,
        leastItems: countItems ? leastItems(node) : 0,
        alone: { begin, end: at, counters: counter, countersBytes: COUNTER_BYTES },
        calls: fused.calls,
      };
    });
    return { placed, end: at };
  }

  run(step: Step, signal?: AbortSignal): void | Promise<void> {
    this.begins(step);
    const { ints } = this.home.heap;
    ints[this.stepAt + stepWords.texts] = step.texts ? this.writeTexts(step.texts, ints) : 0;
    ints[this.stepAt + stepWords.logitRows] = 0;
    ints.set(step.tokens, this.stepAt + stepWords.length);
    return this.go(step.pos, step.tokens.length, step.nLogits, signal);
  }

  /**
   * Checks a step, and notes what it will write.
   * @internal
   */
  begins(step: Step): void {
    checkAlive(this.disposed);
    this.checkStep(step);
    this.rings.step(step);
  }

  /**
   * Runs the step whose tokens are in place.
   * @internal
   */
  go(pos: number, nTokens: number, nLogits: number, signal?: AbortSignal): void | Promise<void> {
    const { ints } = this.home.heap;
    ints[this.stepAt + stepWords.pos] = pos;
    ints[this.stepAt + stepWords.nTokens] = nTokens;
    ints[this.stepAt + stepWords.nLogits] = nLogits;
    this.nRows.tokens = nTokens;
    this.nRows.logits = nLogits;
    this.writeCounts(ints);
    ints[this.stepAt + stepWords.lost] = 0;
    const running = this.onNode || this.paged ? this.runApart(nTokens, signal) : this.home.pool.run(this.records);
    return running ? running.then(this.checkHeld) : this.checkHeld();
  }

  /** Writes the texts of a step behind its tokens; returns where they are listed. */
  private writeTexts(texts: readonly StepText[], ints: Int32Array): number {
    const { maxTokens } = this.plan.graph;
    const rows = this.stepAt + stepWords.length + maxTokens;
    let at = rows + maxTokens;
    for (const { first, nTokens, pos, base } of texts) {
      ints.set([first, nTokens, pos, base, 0], at); // in the order of textWords
      ints.fill(4 * at, rows + first, rows + first + nTokens);
      at += textWords.length;
    }
    return 4 * rows;
  }

  /** What the step stored is finite. */
  private readonly checkHeld = (): void => {
    const lost = (this.home.heap.ints[this.stepAt + stepWords.lost]! >>> 0) / 4;
    if (lost === 0) return;
    const { calls, records } = this.placed.find(({ records }) => records.includes(lost))!;
    throw notHeld(calls[records.indexOf(lost)]!.node.out);
  };

  /** In pieces: where weights come in, or call by call for whoever looks. */
  private async runApart(nTokens: number, signal: AbortSignal | undefined): Promise<void> {
    const { paged, nRows, onNode, placed, view, home } = this;
    const { runApart } = await import('./apart.ts');
    const tokens = home.heap.ints.subarray(this.stepAt + stepWords.length, this.stepAt + stepWords.length + nTokens);
    return runApart({ placed, paged, pool: home.pool, onNode, view }, { tokens, nRows, signal });
  }

  /** Rows and items of all calls in this step. About eight chunks a thread even out unequal cores. */
  private writeCounts(ints: Int32Array): void {
    const { nThreads } = this.home.pool;
    for (const { rows, records, countItems, leastItems } of this.placed) {
      const nRows = this.nRows[rows];
      for (const record of records) ints[record + header.nRows] = nRows;
      const first = records[0]!;
      const nItems = countItems === undefined || nRows === 0 ? nRows : countItems(first * 4);
      ints[first + header.nItems] = nItems;
      const least = Math.min(leastItems / nRows, nItems / nThreads);
      ints[first + header.chunk] = Math.max(1, Math.ceil(least), Math.floor(nItems / (8 * nThreads)));
    }
  }

  get traffic() {
    return this.home.paged?.pager.traffic;
  }

  read(value: Value): Float32Array {
    checkReadable(this.plan.readable, value);
    return this.view(value);
  }

  private readonly view = (value: Value): Float32Array => {
    const at = this.addresses.get(this.plan.slots.get(value)!)!;
    const length = this.nRows[value.rows!] * colsOf(value);
    const { at: lastAt, view } = this.lastView;
    const buffer = this.home.heap.memory.buffer;
    if (lastAt === at && view.length === length && view.buffer === buffer) return view;
    this.lastView = { at, view: new Float32Array(buffer, at, length) };
    return this.lastView.view;
  };

  async readState(state: Value, begin: number, end: number): Promise<Uint8Array> {
    const { heap } = this.home;
    const place = this.placeOf(state);
    if (!liesAsSaved(place, end)) return (await import('./state_rows.ts')).readRows(heap, place, begin, end);
    return heap.bytes(place.at + begin * rowBytes(place), (end - begin) * rowBytes(place)).slice();
  }

  async writeState(state: Value, begin: number, rows: Uint8Array): Promise<void> {
    const { heap } = this.home;
    const place = this.placeOf(state);
    const end = begin + rows.byteLength / rowBytes(place);
    if (liesAsSaved(place, end)) heap.bytes(place.at + begin * rowBytes(place), rows.byteLength).set(rows);
    else (await import('./state_rows.ts')).writeRows(heap, place, begin, rows);
    this.rings.wrote(state, begin, end);
  }

  copyOf(states: readonly Value[]): StateCopy {
    const { heap } = this.home;
    const places = states.map((state) => {
      const { slot, at } = this.placeOf(state);
      return { at, copy: new Uint8Array(slot.bytes) };
    });
    const rings = this.rings.copyOf(states);
    return {
      take: () => {
        places.forEach(({ at, copy }) => copy.set(heap.bytes(at, copy.length)));
        rings.take();
      },
      restore: () => {
        places.forEach(({ at, copy }) => heap.bytes(at, copy.length).set(copy));
        rings.restore();
      },
    };
  }

  async taking() {
    const { takeState } = await import('./together.ts'); // most programs make one answer at a time
    return (state: Value, from: Program, end: number) => takeState(this, state, from, end);
  }

  /** @internal */
  placeOf(state: Value) {
    const slot = this.plan.slots.get(state);
    if (slot?.role !== 'state') throw new TypeError(`${state.name} is no state of this graph`);
    return { slot, at: this.addresses.get(slot)!, cols: colsOf(state), quant: state.quant, ...slot.layout! };
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.home.heap.release(this.begin);
    for (const slot of this.plan.constants) if (this.addresses.has(slot)) this.home.constants.release(slot.value!);
  }
}

/** Of other states than caches a step replaces rows, and kernels do not ask whose they are. */
const hasOnlyCaches = ({ nodes }: Graph): boolean =>
  nodes.every(({ op, inputs }) => op === kvStore || op === attention || inputs.every(({ role }) => role !== 'state'));

/** Activations and scratch memory are shared by all programs and as large as the graph that the backend was made for needs. */
function checkFits(plan: ProgramPlan, memory: MemoryPlan): void {
  if (plan.activationBytes <= memory.activations.bytes && plan.scratchBytes <= memory.scratch[0]!.bytes) return;
  const { nCtx, maxTokens, maxLogits } = plan.graph;
  const came = `a graph of nCtx ${nCtx}, maxTokens ${maxTokens}, maxLogits ${maxLogits}, values kept among them,`;
  throw new ResourceError(`${came} is larger than the one memory was set aside for; open the model with these limits`);
}
