import { Bench, type Fn } from 'tinybench';

/** Something to be timed. */
export interface Task {
  readonly name: string;
  run(): void | Promise<void>;
}

export interface TimingOptions {
  /** Turns of each task. */
  readonly rounds: number;
  /** A turn takes at least this long. */
  readonly sampleMs: number;
}

/** How long a task runs before it counts: the engine's optimising compiler works in the background meanwhile. */
const WARM_UP_MS = 200;

/** Runs are timed together for at least this long: a clock around each would add a tenth to runs of 4 µs. */
const BATCH_MS = 1;

/**
 * Milliseconds per run of each task, one number a turn: the median of the turn's batches. Tasks take turns, so that whatever
 * disturbs the machine for a while disturbs them alike. tinybench warms up, repeats, times and takes the median; it would finish one
 * task before the next, so the turns are made here.
 */
export async function interleave(tasks: readonly Task[], { rounds, sampleMs }: TimingOptions): Promise<number[][]> {
  const bench = new Bench({ time: sampleMs, iterations: 1, warmupTime: WARM_UP_MS, warmupIterations: 1, throws: true });
  // Names may be the same in two builds, and tinybench wants each once.
  for (const [i, task] of tasks.entries()) bench.add(String(i), batches(task), { async: true });
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
 * The task in batches. Each has as many runs as fill BATCH_MS by the time of the batch before; at most twice as many, because
 * a page's clock may stand still during a short batch.
 */
function batches(task: Task): Fn {
  let repeats = 1;
  return async () => {
    const startMs = performance.now();
    for (let i = 0; i < repeats; i++) {
      const running = task.run();
      if (running) await running;
    }
    const ms = performance.now() - startMs;
    const sample = { overriddenDuration: ms / repeats, overriddenIterationCost: ms };
    repeats = Math.max(1, Math.min(2 * repeats, Math.ceil((BATCH_MS * repeats) / ms)));
    return sample;
  };
}
