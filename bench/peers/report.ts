import type { Machine } from '../lib/machine.ts';
import type { Measured } from '../measure/phases.ts';
import { digits, median, percent, spread } from '../measure/stats.ts';
import { table } from '../lib/table.ts';
import { isGpu, peers, phaseNames, type Peer } from './cells.ts';

/** One process's result. */
export interface PeerRun {
  readonly peer: Peer;
  readonly model: string;
  readonly threads: number;
  readonly round: number;
  readonly at: string;
  /** Cores that anything else used meanwhile; 0 where the system does not tell. */
  readonly otherCpu: number;
  readonly measured?: Measured;
  readonly error?: string;
}

/** The contents of a results file. */
export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly runs: readonly PeerRun[];
}

/** Cores that others may use beside a run. Runs above this do not count, as long as there are better ones. */
const QUIET_CPU = 0.25;

interface Column {
  readonly title: string;
  readonly of: (measured: Measured) => number | undefined;
}

const columns: readonly Column[] = [
  ...phaseNames.map((name) => ({ title: name, of: ({ tps }: Measured) => tps[name] })),
  { title: 'load ms', of: ({ loadMs }) => loadMs },
  { title: 'TTFT ms', of: ({ ttftMs }) => ttftMs },
  { title: 'RSS MB', of: ({ rssMb }) => rssMb },
];

/** The runs of one row of the table. */
interface Row {
  readonly peer: Peer;
  readonly model: string;
  readonly threads: number;
  readonly all: readonly PeerRun[];
  readonly used: readonly Measured[];
}

/**
 * Medians as a markdown table. Behind each stand the runs' spread (the median distance from the median), and thimble's value
 * divided by this one: above 1 thimble is faster, or needs more in the last three columns.
 */
export function report({ date, machine, runs }: Results): string {
  const rows = rowsOf(runs);
  const cells = rows.map((row) => {
    const ours = rows.find(({ peer, model, threads }) => {
      const own: Peer = isGpu(row.peer) ? 'thimble-gpu' : 'thimble';
      return peer === own && model === row.model && threads === row.threads;
    });
    const counted =
      row.used.length === row.all.length ? String(row.all.length) : `${row.used.length} of ${row.all.length}`;
    return [row.model, String(row.threads), row.peer, ...columns.map((column) => cell(column, row, ours)), counted];
  });
  const engines = [...new Set(runs.flatMap(({ measured }) => measured?.engine ?? []))].sort();
  const errors = runs.filter(({ error }) => error).map(({ peer, model, error }) => `- ${peer}, ${model}: ${error}`);
  return [
    `${date}. ${machine.cpu} (${machine.extensions}), ${machine.nCores} cores, ${machine.memoryGib} GiB, ${machine.system}.`,
    `Engines: ${engines.join('; ')}.`,
    '',
    table(['model', 'threads', 'engine', ...columns.map(({ title }) => title), 'runs'], cells, 3),
    ...(errors.length > 0 ? ['', 'Failed runs:', ...new Set(errors)] : []),
  ].join('\n');
}

function rowsOf(runs: readonly PeerRun[]): Row[] {
  const groups = new Map<string, PeerRun[]>();
  for (const run of runs) {
    const key = `${run.model}|${run.threads}|${run.peer}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const models = [...new Set(runs.map(({ model }) => model))];
  const rows = [...groups.values()].map((all) => {
    const { peer, model, threads } = all[0]!;
    const quiet = all.filter(({ measured, otherCpu }) => measured && otherCpu <= QUIET_CPU);
    const used = (quiet.length > 0 ? quiet : all).flatMap(({ measured }) => measured ?? []);
    return { peer, model, threads, all, used };
  });
  const order = (row: Row): number => models.indexOf(row.model) * 1000 + row.threads * 10 + peers.indexOf(row.peer);
  return rows.sort((a, b) => order(a) - order(b));
}

function cell({ of }: Column, row: Row, ours: Row | undefined): string {
  const values = valuesOf(row);
  if (values.length === 0) return '–';
  const noise = values.length > 1 ? ` ±${percent(spread(values))}` : '';
  const reference = ours && ours !== row ? valuesOf(ours) : [];
  const compared = reference.length > 0 ? ` (${ratio(median(reference) / median(values))}×)` : '';
  return `${digits(median(values))}${noise}${compared}`;

  function valuesOf({ used }: Row): number[] {
    return used.flatMap((measured) => of(measured) ?? []);
  }
}

const ratio = (x: number): string => x.toFixed(x < 10 ? 2 : 0);
