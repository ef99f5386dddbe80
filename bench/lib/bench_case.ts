import { digits, median, percent, spread } from './stats.ts';
import type { Limits, LimitTask } from './limits.ts';
import { interleave, type Task, type TimingOptions } from './timing.ts';

/** How far a kernel's result is from the definition's. */
export interface Check {
  /** Largest difference, relative to the largest number expected. */
  readonly error: number;
  /** Above this the kernel is wrong. */
  readonly tolerance: number;
}

/** One line of the bench: checked first, then timed. */
export interface BenchCase extends Task {
  /** What stands in the first column: op, then type or shape. */
  readonly op: string;
  readonly check: () => Promise<Check>;
  /** Bytes of one run: of the file for weights, otherwise what goes in and out. */
  readonly bytes: number;
  readonly macs: number;
  /** The ceilings that bound it: bytes over the first, multiply-adds over the second. */
  readonly limits: { readonly bytes: keyof Limits & ('read' | 'copy'); readonly macs: 'dot' | 'dot16' | 'f32' };
}

/** A case and what came of it, as `--json` prints it. */
export interface BenchLine extends Check {
  readonly op: string;
  readonly name: string;
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
  readonly limit: string;
  readonly limitPerSecond: number;
}

/** Checks the cases, then times those that are right in turns with the ceilings. */
export async function measureCases(
  cases: readonly BenchCase[],
  limits: Limits,
  timing: TimingOptions,
): Promise<BenchLine[]> {
  const checks: Check[] = [];
  for (const { check } of cases) checks.push(await check());
  const right = cases.filter((_, i) => checks[i]!.error <= checks[i]!.tolerance);
  const ceilings = [...new Set(right.flatMap((one) => [limits[one.limits.bytes], limits[one.limits.macs]]))];
  const samples = await interleave([...ceilings, ...right], timing);
  const speeds = new Map(ceilings.map((task, i) => [task, task.amount / median(samples[i]!)]));
  return cases.map((one, i) => {
    const { op, name } = one;
    const place = right.indexOf(one);
    if (place < 0) return { op, name, ...checks[i]! };
    return { op, name, ...checks[i]!, timing: timingOf(one, samples[ceilings.length + place]!, limits, speeds) };
  });
}

function timingOf(
  one: BenchCase,
  samples: readonly number[],
  limits: Limits,
  speeds: ReadonlyMap<LimitTask, number>,
): Timing {
  const ms = median(samples);
  const bytesMs = one.bytes / speeds.get(limits[one.limits.bytes])!;
  const macsMs = one.macs / speeds.get(limits[one.limits.macs])!;
  const limit = bytesMs > macsMs ? one.limits.bytes : one.limits.macs;
  return {
    ms,
    spread: spread(samples),
    gbPerSecond: one.bytes / ms / 1e6,
    gmacPerSecond: one.macs / ms / 1e6,
    ofLimit: Math.max(bytesMs, macsMs) / ms,
    limit,
    limitPerSecond: speeds.get(limits[limit])! / 1e6,
  };
}

export const lineHead = ['op', 'case', 'error', 'ms', '±', 'GB/s', 'GMAC/s', '% of limit', 'limit'];

export function lineCells({ op, name, error, tolerance, timing }: BenchLine): string[] {
  const off = error === 0 ? 'exact' : error.toExponential(0);
  if (!timing) return [op, name, off, `wrong: at most ${tolerance} is right`, '', '', '', '', ''];
  return [
    ...[op, name, off, digits(timing.ms), percent(timing.spread), digits(timing.gbPerSecond)],
    timing.gmacPerSecond === 0 ? '–' : digits(timing.gmacPerSecond),
    percent(timing.ofLimit),
    `${timing.limit} ${digits(timing.limitPerSecond)}`,
  ];
}

/** Largest difference of the first numbers, relative to the largest magnitude expected. */
export function errorOf(came: Float32Array, wanted: Float32Array): number {
  let error = 0;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Math.abs(came[i]! - wanted[i]!);
    if (!(difference <= error)) error = difference; // NaN sticks: it is larger than any tolerance below
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return Number.isNaN(error) ? Infinity : error / (largest || 1);
}
