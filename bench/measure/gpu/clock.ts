import { median } from '../stats.ts';
import type { Task } from '../timing.ts';
import type { ClockKind } from './names.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What runs on a GPU are timed by. */
export interface GpuClock {
  readonly kind: ClockKind;
  /** Why it is not timestamps, where it is not. */
  readonly why?: string | undefined;
  /** The step of timestamps; 0 for fences, whose clock is the wall's. */
  readonly stepUs: number;
  /** From a call to numbers that came back. */
  readonly roundTripMs: number;
}

/** A run by fences is so many round trips long, so that they are a small part of it. */
const ROUND_TRIPS = 20;
const LEAST_FENCED_MS = 5;

/** A run by timestamps is so many of their steps long. */
const STEPS = 50;
const LEAST_STAMPED_MS = 2;

/** How long a run must be to say something. */
export const leastRunMs = ({ kind, stepUs, roundTripMs }: GpuClock): number =>
  kind === 'timestamps'
    ? Math.max(LEAST_STAMPED_MS, (STEPS * stepUs) / 1000)
    : Math.max(LEAST_FENCED_MS, ROUND_TRIPS * roundTripMs);

/** A run that ends when the GPU has done it, timed by the clock. */
export const timedBy =
  ({ kind }: Pick<GpuClock, 'kind'>, stopwatch: Stopwatch) =>
  (run: Task['run']): Task['run'] =>
    kind === 'timestamps' ? () => stopwatch.time(run) : run;

/** How far timestamps may be from the wall's clock, which has a round trip and other programs in it. */
const BELIEVED = { least: 0.2, most: 1.1 } as const;
const TRIALS = 5;

/**
 * Timestamps, if there are any and they tell what the wall's clock tells.
 * @param run takes long enough for both, some 20 ms.
 */
export async function chooseClock(
  stopwatch: Stopwatch,
  run: () => Promise<void>,
  roundTripMs: number,
): Promise<GpuClock> {
  const fences = (why: string): GpuClock => ({ kind: 'fences', why, stepUs: 0, roundTripMs });
  if (!stopwatch.hasTimestamps) return fences('this device has no timestamps');
  const shares: number[] = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    let wallMs = 0;
    const ms = await stopwatch.time(async () => {
      const startMs = performance.now();
      await run();
      wallMs = performance.now() - startMs;
    });
    shares.push(ms / wallMs);
  }
  const share = median(shares);
  if (!(share >= BELIEVED.least && share <= BELIEVED.most)) {
    return fences(`timestamps tell ${share.toPrecision(2)} times what the clock tells`);
  }
  return { kind: 'timestamps', stepUs: stopwatch.stepNs / 1000, roundTripMs };
}
