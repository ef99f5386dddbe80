import type { Build } from '../../src/platform/features.ts';
import type { Machine } from '../lib/machine.ts';
import { digits, median, percent, spread } from '../measure/stats.ts';
import { table } from '../lib/table.ts';
import { MEMORY } from './products.ts';

/** One library's time for some work on weights of one type; `read` is the machine reading memory. */
export interface GgmlLine {
  readonly type: string;
  readonly work: string;
  readonly engine: 'read' | 'ggml' | Build;
  /** Largest difference from the definition, relative to the largest result. */
  readonly error: number;
  readonly macs: number;
  readonly bytes: number;
  /** Milliseconds of a run, one for each round. */
  readonly ms: readonly number[];
}

/** The contents of a results file. */
export interface GgmlResults {
  readonly date: string;
  readonly machine: Machine;
  readonly engine: string;
  readonly ggml: string;
  readonly lines: readonly GgmlLine[];
}

const names: Readonly<Record<Build, string>> = { relaxed: 'relaxed', simd: 'plain' };

/**
 * A row for each type and work: ggml, then each build and how many times as fast it is. A ratio is the median of the rounds'
 * ratios, so a machine that is slower for some rounds does not change it. GB/s count weights that come from memory.
 */
export function report({ date, machine, engine, ggml, lines }: GgmlResults): string {
  const builds = (['relaxed', 'simd'] as const).filter((build) => lines.some((line) => line.engine === build));
  const head = ['type', 'work', 'read GB/s', 'ggml GB/s', 'ggml GMAC/s', ...builds.flatMap(columns)];
  const rows = lines
    .filter((line) => line.engine === 'ggml')
    .map((theirs) => {
      const { type, work } = theirs;
      const find = (engine: string, of = work): GgmlLine =>
        lines.find((line) => line.type === type && line.work === of && line.engine === engine)!;
      const fromMemory = (line: GgmlLine): string => (work === MEMORY ? digits(gbPerSecond(line)) : '–');
      return [
        ...[type, work, fromMemory(find('read', 'read')), fromMemory(theirs), speed(theirs)],
        ...builds.flatMap((build) => {
          const ours = find(build);
          return [fromMemory(ours), speed(ours), `${median(theirs.ms.map((ms, i) => ms / ours.ms[i]!)).toFixed(2)}×`];
        }),
      ];
    });
  return [
    `${date}. ${machine.cpu} (${machine.extensions}), ${machine.nCores} cores, ${machine.memoryGib} GiB, ${machine.system}.`,
    `${engine}, 1 thread; ${ggml}.`,
    '',
    table(head, rows, 2),
  ].join('\n');
}

const columns = (build: Build): string[] => [`${names[build]} GB/s`, `${names[build]} GMAC/s`, 'ratio'];

const gbPerSecond = ({ bytes, ms }: GgmlLine): number => bytes / median(ms) / 1e6;

const speed = ({ macs, ms }: GgmlLine): string => `${digits(macs / median(ms) / 1e6)} ±${percent(spread(ms))}`;
