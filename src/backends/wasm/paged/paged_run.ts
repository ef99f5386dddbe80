import type { Rows } from '../../../graph/graph.ts';
import { embed } from '../../../ops/embed.ts';
import { colsOf } from '../../../ops/op.ts';
import type { RouteParams } from '../../../graph/routing.ts';
import type { KernelCall, Slot } from '../lower.ts';
import type { RecordList } from '../pool.ts';
import type { ExpertCache } from './expert_cache.ts';
import { isOfExperts } from './expert_groups.ts';
import type { Pager } from './pager.ts';
import type { RouterPlace } from './prefer.ts';
import type { TokenRows } from './rows.ts';

/** Fused calls, and where their records are. */
export interface PlacedRecords {
  readonly calls: readonly KernelCall[];
  readonly rows: Rows;
  readonly alone: RecordList;
}

/** Records that run as one, once their weights are there. */
interface Segment {
  readonly records: RecordList;
  /** Numbers of the fused calls. */
  readonly begin: number;
  readonly end: number;
  readonly rows: Rows;
  /** Undefined: it needs none. */
  readonly unit: number | undefined;
  /** The layer whose experts it multiplies with, and the address of the list of those that are chosen. */
  readonly layer: number | undefined;
  readonly choicesAt: number;
  /** What it ends with, where experts in memory are preferred. */
  readonly router: RouterPlace | undefined;
}

/** What a backend with paged weights has for all of its programs. */
export interface Paged {
  readonly pager: Pager;
  /** By the name of the token table. */
  readonly tables: ReadonlyMap<string, TokenRows>;
  readonly experts: ExpertCache;
}

/** The run of a program, cut where weights come in. */
export class PagedRun {
  private readonly paged: Paged;
  private readonly segments: readonly Segment[];
  private readonly tables: readonly TokenRows[];

  constructor(paged: Paged, placed: readonly PlacedRecords[], addressOf: (slot: Slot) => number) {
    this.paged = paged;
    this.segments = segmentsOf(placed, paged, addressOf);
    const looked = placed.flatMap(({ calls }) => calls.filter(({ node }) => node.op === embed));
    const tables = looked.map(({ node }) => paged.tables.get(node.inputs[0]!.name));
    this.tables = [...new Set(tables)].filter((table) => table !== undefined);
  }

  /**
   * Runs all segments of a step.
   * @param run runs the fused calls `[begin, end)`, whose records lie in the list
   * @throws what reading throws, the signal's reason
   */
  async run(step: PagedStep, run: RunCalls): Promise<void> {
    const { pager } = this.paged;
    const { tokens, nRows, signal } = step;
    const isWanted = ({ unit, rows }: Segment): boolean => unit !== undefined && nRows[rows] > 0;
    await pager.begin(this.segments.filter(isWanted).map(({ unit }) => unit!));
    for (const table of this.tables) await pager.waiting(table.bring(tokens, signal));
    for (const segment of this.segments) {
      const { records, begin, end, rows, unit, layer, choicesAt, router } = segment;
      if (isWanted(segment)) await pager.arrive(unit!, signal);
      const once = async (): Promise<void> => {
        const running = run(records, begin, end);
        if (running) await running;
      };
      if (layer === undefined) await once();
      else await this.paged.experts.serve(layer, { choicesAt, nTokens: nRows[rows], signal }, once);
      if (router && tokens.length === 1) this.paged.experts.prefer(router);
    }
    pager.end();
  }
}

export type RunCalls = (records: RecordList, begin: number, end: number) => void | Promise<void>;

export interface PagedStep {
  readonly tokens: Int32Array;
  readonly nRows: Readonly<Record<Rows, number>>;
  readonly signal: AbortSignal | undefined;
}

/**
 * A segment begins where a unit is wanted, and reaches as far as nothing else is. Products with a layer's experts, and what lies between
 * them, are one.
 */
function segmentsOf(
  placed: readonly PlacedRecords[],
  { pager, experts }: Paged,
  addressOf: (slot: Slot) => number,
): Segment[] {
  const layers = placed.map(({ calls }) => layerIn(calls, experts));
  const routers = experts.prefers ? routersIn(placed, experts, addressOf) : undefined;
  const segments: Segment[] = [];
  for (const [g, { calls, rows, alone }] of placed.entries()) {
    const unit = unitIn(calls, pager.unitOf);
    const last = segments.at(-1);
    const layer = last?.layer !== undefined && layers.includes(last.layer, g) ? last.layer : layers[g];
    const router = routers?.get(g);
    if (!last || last.router || layer !== last.layer || (unit !== undefined && unit !== last.unit))
      segments.push({
        records: alone,
        begin: g,
        end: g + 1,
        rows,
        unit,
        layer,
        choicesAt: choicesIn(calls, addressOf),
        router,
      });
    else segments[segments.length - 1] = { ...last, router, end: g + 1, records: joined(last.records, alone) };
  }
  return segments;
}

/** The routers of layers whose experts come by, by the number of their fused calls. */
function routersIn(
  placed: readonly PlacedRecords[],
  { layerOf }: ExpertCache,
  addressOf: (slot: Slot) => number,
): ReadonlyMap<number, RouterPlace> {
  const all = placed.flatMap(({ calls }, g) => calls.map((call) => ({ call, g })));
  const products = all.filter(({ call }) => isOfExperts(call));
  return new Map(
    all.flatMap(({ call: { node, inputs, outs }, g }) => {
      const product = products.find(({ call }) => node.op.name === 'route' && call.node.inputs[2] === node.out);
      const layer = product && layerOf.get(product.call.inputs[0]!.name);
      if (layer === undefined) return [];
      const [scoresAt, biasAt] = inputs.map((slot) => slot && addressOf(slot));
      const params = node.params as unknown as RouteParams;
      const nExperts = colsOf(node.inputs[0]!);
      return [[g, { layer, nExperts, params, scoresAt: scoresAt!, biasAt, chosenAt: addressOf(outs[0]!) }] as const];
    }),
  );
}

function layerIn(calls: readonly KernelCall[], experts: ExpertCache): number | undefined {
  const call = calls.find(isOfExperts);
  return call && experts.layerOf.get(call.inputs[0]!.name);
}

function choicesIn(calls: readonly KernelCall[], addressOf: (slot: Slot) => number): number {
  const choices = calls.find(isOfExperts)?.inputs[2];
  return choices ? addressOf(choices) : 0;
}

function unitIn(calls: readonly KernelCall[], unitOf: Pager['unitOf']): number | undefined {
  for (const { inputs } of calls)
    for (const slot of inputs) {
      const unit = slot?.role === 'weight' ? unitOf.get(slot.name) : undefined;
      if (unit !== undefined) return unit;
    }
  return undefined;
}

/** Records and counters lie one behind the other. */
const joined = (a: RecordList, b: RecordList): RecordList => ({
  ...a,
  end: b.end,
  countersBytes: b.counters + b.countersBytes - a.counters,
});
