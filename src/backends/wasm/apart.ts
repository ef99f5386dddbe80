import type { Look } from '../backend.ts';
import type { Value } from '../../graph/graph.ts';
import type { PagedRun, PagedStep, PlacedRecords } from './paged/paged_run.ts';
import type { Pool } from './pool.ts';

/** A program whose steps do not run as one list of records. */
export interface Apart {
  readonly placed: readonly PlacedRecords[];
  /** Where weights come in. */
  readonly paged: PagedRun | undefined;
  readonly pool: Pool;
  /** Who looks at each call. */
  readonly onNode: Look['onNode'];
  readonly view: (value: Value) => Float32Array;
}

export async function runApart(program: Apart, step: PagedStep): Promise<void> {
  const { placed, paged, pool, onNode } = program;
  const callByCall = async (begin: number, end: number): Promise<void> => {
    for (const each of placed.slice(begin, end)) await runCall(program, each);
  };
  if (!paged) return callByCall(0, placed.length);
  return paged.run(step, (records, begin, end) => (onNode ? callByCall(begin, end) : pool.run(records)));
}

/** A barrier behind each call is part of what is timed, so the sum is a little more than a whole run takes. */
async function runCall({ pool, onNode, view }: Apart, { alone, calls }: PlacedRecords): Promise<void> {
  const startMs = performance.now();
  const running = pool.run(alone);
  if (running) await running;
  const ms = performance.now() - startMs;
  const nodes = [...new Set(calls.map(({ node }) => node))];
  onNode!({ nodes, kernels: calls.map(({ kernel }) => kernel).join(' + '), ms, read: view });
}
