/** Something to be timed. */
export interface Task {
  readonly name: string;
  run(): void | Promise<void>;
}

export interface TimingOptions {
  readonly rounds: number;
  /** A sample is so many runs that it takes at least this long. */
  readonly sampleMs: number;
}

/** How long a task is run before it counts: the engine's optimising compiler works in the background meanwhile. */
const WARM_UP_MS = 200;

/**
 * Milliseconds per run of each task, one sample a round. Tasks take turns, so that whatever disturbs the machine for a
 * while disturbs them alike.
 */
export async function interleave(tasks: readonly Task[], { rounds, sampleMs }: TimingOptions): Promise<number[][]> {
  const repeats: number[] = [];
  for (const task of tasks) {
    const ms = await warmUp(task);
    repeats.push(Math.max(1, Math.ceil(sampleMs / ms)));
  }
  const samples: number[][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, task] of tasks.entries()) samples[i]!.push(await sample(task, repeats[i]!));
  }
  return samples;
}

/** Runs a task for a while and says how long the last run took. */
async function warmUp(task: Task): Promise<number> {
  const endMs = performance.now() + WARM_UP_MS;
  for (let repeats = 1; ; repeats *= 2) {
    const ms = await sample(task, repeats);
    if (performance.now() > endMs) return ms;
  }
}

async function sample(task: Task, repeats: number): Promise<number> {
  const startMs = performance.now();
  for (let i = 0; i < repeats; i++) {
    const running = task.run();
    if (running) await running;
  }
  return (performance.now() - startMs) / repeats;
}
