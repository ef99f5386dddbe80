import type { Rows } from '../../../graph/graph.ts';
import { embed } from '../../../ops/embed.ts';
import type { KernelCall } from '../lower.ts';
import type { RecordList } from '../pool.ts';
import type { Pager } from './pager.ts';
import type { TokenRows } from './rows.ts';

/** Fused calls, and where their records are. */
export interface PlacedRecords {
  readonly calls: readonly KernelCall[];
  readonly rows: Rows;
  readonly alone: RecordList;
}

/** Records that run as one, once a unit is there. */
interface Segment {
  readonly records: RecordList;
  /** Undefined: it needs none. */
  readonly unit: number | undefined;
  readonly rows: Rows;
}

/** What a backend with paged weights has for all of its programs. */
export interface Paged {
  readonly pager: Pager;
  /** By the name of the token table. */
  readonly tables: ReadonlyMap<string, TokenRows>;
}

/** The run of a program, cut where weights come in. */
export class PagedRun {
  private readonly paged: Paged;
  private readonly segments: readonly Segment[];
  private readonly tables: readonly TokenRows[];

  /** @param isApart each fused call is a segment, whatever it needs */
  constructor(paged: Paged, placed: readonly PlacedRecords[], isApart: boolean) {
    this.paged = paged;
    this.segments = segmentsOf(placed, paged.pager, isApart);
    const looked = placed.flatMap(({ calls }) => calls.filter(({ node }) => node.op === embed));
    const tables = looked.map(({ node }) => paged.tables.get(node.inputs[0]!.name));
    this.tables = [...new Set(tables)].filter((table) => table !== undefined);
  }

  /**
   * Runs all segments of a step.
   * @param run gets the number of the segment, too
   * @throws what reading throws, the signal's reason
   */
  async run(
    { tokens, nRows, signal }: PagedStep,
    run: (records: RecordList, segment: number) => void | Promise<void>,
  ): Promise<void> {
    const { pager } = this.paged;
    const wanted = this.segments.filter(({ unit, rows }) => unit !== undefined && nRows[rows] > 0);
    await pager.begin(wanted.map(({ unit }) => unit!));
    for (const table of this.tables) await pager.waiting(table.bring(tokens));
    for (const [i, { unit, rows, records }] of this.segments.entries()) {
      if (unit !== undefined && nRows[rows] > 0) await pager.arrive(unit, signal);
      const running = run(records, i);
      if (running) await running;
    }
    pager.end();
  }
}

export interface PagedStep {
  readonly tokens: Int32Array;
  readonly nRows: Readonly<Record<Rows, number>>;
  readonly signal: AbortSignal | undefined;
}

/** A segment begins where a unit is wanted, and reaches as far as nothing else is. */
function segmentsOf(placed: readonly PlacedRecords[], { unitOf }: Pager, isApart: boolean): Segment[] {
  const segments: Segment[] = [];
  for (const { calls, rows, alone } of placed) {
    const unit = unitIn(calls, unitOf);
    const last = segments.at(-1);
    if (!last || isApart || (unit !== undefined && unit !== last.unit)) segments.push({ records: alone, unit, rows });
    else segments[segments.length - 1] = { ...last, records: joined(last.records, alone) };
  }
  return segments;
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
