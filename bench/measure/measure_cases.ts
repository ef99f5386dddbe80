import type { BenchCase, Check, LimitName } from './bench_case.ts';
import type { LimitTask } from './limits.ts';
import { digits, median, percent, spread } from './stats.ts';
import { interleave, type TimingOptions } from './timing.ts';

/** A case and its outcome, as `--json` prints it. */
export interface BenchLine extends Outcome {
  readonly op: string;
  readonly name: string;
  /** What did it, where its home tells. */
  readonly kernels?: string | undefined;
  /** The same case in the build that was kept; absent when that build does not have it, or nothing is compared. */
  readonly before?: Outcome;
  /** How many times as fast as before: the median of the rounds' ratios, and their spread. */
  readonly ratio?: number;
  readonly ratioSpread?: number;
}

export interface Outcome extends Check {
  /** Absent when the result is wrong: that is not worth timing. */
  readonly timing?: Timing;
}

export interface Timing {
  /** Median of a run. */
  readonly ms: number;
  readonly spread: number;
  readonly gbPerSecond: number;
  readonly gmacPerSecond: number;
  /** Share of the limit, and which of the two that bound it is the lower one. */
  readonly ofLimit: number;
  readonly limit: LimitName;
  readonly limitPerSecond: number;
}

/** The ceilings of a machine, by name. */
export type LimitTasks = Readonly<Partial<Record<LimitName, LimitTask>>>;

/**
 * Checks the cases, then times those that are right in turns with the ceilings. `before` are the cases of another build: each takes its
 * turn right before its namesake.
 */
export async function measureCases(
  cases: readonly BenchCase[],
  before: readonly BenchCase[],
  limits: LimitTasks,
  timing: TimingOptions,
): Promise<BenchLine[]> {
  const pairs = cases.map((now) => ({ now, old: before.find(({ op, name }) => op === now.op && name === now.name) }));
  const checks = new Map<BenchCase, Check>();
  for (const one of pairs.flatMap(({ now, old }) => (old ? [old, now] : [now]))) checks.set(one, await one.check());
  const right = [...checks].filter(([, { error, tolerance }]) => error <= tolerance).map(([one]) => one);
  const ceilings = [...new Set(right.flatMap((one) => [limits[one.limits.bytes]!, limits[one.limits.macs]!]))];
  const tasks = [...ceilings, ...right];
  const rounds = await interleave(tasks, timing);
  const samples = new Map(tasks.map((task, i) => [task, rounds[i]!]));
  const speeds = new Map(ceilings.map((task) => [task, task.amount / median(samples.get(task)!)]));
  const outcome = (one: BenchCase): Outcome => {
    const ms = samples.get(one);
    return { ...checks.get(one)!, ...(ms && { timing: timingOf(one, ms, limits, speeds) }) };
  };
  return pairs.map(({ now, old }) => {
    const line: BenchLine = { op: now.op, name: now.name, kernels: now.kernels, ...outcome(now) };
    if (!old) return line;
    const [oldMs, nowMs] = [samples.get(old), samples.get(now)];
    if (!oldMs || !nowMs) return { ...line, before: outcome(old) };
    const ratios = oldMs.map((ms, i) => ms / nowMs[i]!);
    return { ...line, before: outcome(old), ratio: median(ratios), ratioSpread: spread(ratios) };
  });
}

function timingOf(
  one: BenchCase,
  samples: readonly number[],
  limits: LimitTasks,
  speeds: ReadonlyMap<LimitTask, number>,
): Timing {
  const ms = median(samples);
  const bytesMs = one.bytes / speeds.get(limits[one.limits.bytes]!)!;
  const macsMs = one.macs / speeds.get(limits[one.limits.macs]!)!;
  const limit = bytesMs > macsMs ? one.limits.bytes : one.limits.macs;
  return {
    ms,
    spread: spread(samples),
    gbPerSecond: one.bytes / ms / 1e6,
    gmacPerSecond: one.macs / ms / 1e6,
    ofLimit: Math.max(bytesMs, macsMs) / ms,
    limit,
    limitPerSecond: speeds.get(limits[limit]!)! / 1e6,
  };
}

export const lineHead = ['op', 'case', 'error', 'ms', '±', 'GB/s', 'GMAC/s', '% of limit', 'limit'];

export function lineCells({ op, name, error, tolerance, timing }: BenchLine): string[] {
  if (!timing) return [op, name, off(error), wrong(tolerance), '', '', '', '', ''];
  return [
    ...[op, name, off(error), digits(timing.ms), percent(timing.spread), digits(timing.gbPerSecond)],
    timing.gmacPerSecond === 0 ? '–' : digits(timing.gmacPerSecond),
    percent(timing.ofLimit),
    `${timing.limit} ${digits(timing.limitPerSecond)}`,
  ];
}

export const pairHead = [
  ...['op', 'case', 'error before', 'error', 'ms before', '±', 'ms', '±'],
  ...['GB/s', 'GMAC/s', '% of limit', 'times as fast', '±'],
];

export function pairCells(line: BenchLine): string[] {
  const [op, name, error, ms, ms2, gb, gmac, ofLimit] = lineCells(line) as [string, ...string[]];
  const { before, ratio = NaN, ratioSpread = NaN } = line;
  const beforeMs = before?.timing ? [digits(before.timing.ms), percent(before.timing.spread)] : ['–', '–'];
  const beforeError = before ? off(before.error) : 'no such case';
  const times = Number.isFinite(ratio) ? ratio.toFixed(2) : '–';
  return [op, name!, beforeError, error!, ...beforeMs, ms!, ms2!, gb!, gmac!, ofLimit!, times, percent(ratioSpread)];
}

const off = (error: number): string => (error === 0 ? 'exact' : error.toExponential(0));

const wrong = (tolerance: number): string => `wrong: at most ${tolerance} is right`;
