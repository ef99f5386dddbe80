import { Bench, type Fn } from 'tinybench';

/** Something to be timed. */
export interface Task {
  readonly name: string;
  /** What knows better than the caller's clock how long it took tells its milliseconds. */
  run(): void | Promise<void | number>;
}

export interface TimingOptions {
  /** Turns of each task. */
  readonly rounds: number;
  /** A turn takes at least this long. */
  readonly sampleMs: number;
  /** How long a task runs before it counts: the engine's optimising compiler works in the background meanwhile. Default 200. */
  readonly warmUpMs?: number;
  /** The clock's step, by `clockStepMs`. Default: too fine to matter, as in Node. */
  readonly stepMs?: number;
}

const WARM_UP_MS = 200;

/** Runs are timed together for at least this long: a clock around each would add a tenth to runs of 4 µs. */
const BATCH_MS = 1;

/**
 * And for as many steps of the clock as make its error small: a batch is wrong by a step at most. Pages have steps of 5 µs (Chromium,
 * isolated) to 1 ms (WebKit, and Firefox where it is not isolated).
 */
const STEPS_PER_BATCH = 50;

/**
 * Milliseconds per run of each task, one number a turn: the median of the turn's batches. Tasks take turns, so that whatever
 * disturbs the machine for a while disturbs them alike. tinybench warms up, repeats, times and takes the median; it would finish one
 * task before the next, so the turns are made here.
 */
export async function interleave(tasks: readonly Task[], options: TimingOptions): Promise<number[][]> {
  const { rounds, sampleMs, warmUpMs = WARM_UP_MS, stepMs = 0 } = options;
  const bench = new Bench({ time: sampleMs, iterations: 1, warmupTime: warmUpMs, warmupIterations: 1, throws: true });
  const batchMs = Math.max(BATCH_MS, STEPS_PER_BATCH * stepMs);
  // Names may be the same in two builds, and tinybench wants each once.
  for (const [i, task] of tasks.entries()) bench.add(String(i), batches(task, batchMs), { async: true });
  for (const task of bench.tasks) await task.warmup();
  const samples: number[][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, task] of bench.tasks.entries()) {
      task.reset();
      await task.run();
      if ('latency' in task.result) samples[i]!.push(task.result.latency.p50);
    }
  }
  return samples;
}

/**
 * The task in batches. Each has as many runs as fill `batchMs` by the time of the batch before; at most twice as many, because
 * a page's clock may stand still during a short batch. Such a batch, shorter than half of what it should be, says nothing: more follow.
 */
function batches(task: Task, batchMs: number): Fn {
  let repeats = 1;
  return async () => {
    for (;;) {
      const startMs = performance.now();
      let toldMs: number | undefined;
      for (let i = 0; i < repeats; i++) {
        const running = task.run();
        const told = running && (await running);
        if (typeof told === 'number') toldMs = (toldMs ?? 0) + told;
      }
      const ms = toldMs ?? performance.now() - startMs;
      const sample = { overriddenDuration: ms / repeats, overriddenIterationCost: ms };
      repeats = Math.max(1, Math.min(2 * repeats, Math.ceil((batchMs * repeats) / ms)));
      if (ms >= batchMs / 2) return sample;
    }
  };
}

/** The clock's step: the least time by which it moves, seen a few times. */
export function clockStepMs(now: () => number = () => performance.now()): number {
  let least = Infinity;
  for (let i = 0; i < 10; i++) {
    const from = now();
    let to = now();
    while (to === from) to = now();
    least = Math.min(least, to - from);
  }
  return least;
}
