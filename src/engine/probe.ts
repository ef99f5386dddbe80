import type { Program } from '../backends/backend.ts';
import { startDryRun } from '../backends/dry/dry.ts';
import { createWasmBackend, type WasmHost } from '../backends/wasm/wasm.ts';
import { sum } from '../base/numbers.ts';
import type { Value } from '../graph/graph.ts';
import { SPEED_VERSION, type DeviceSpeed, type MatVecSpeed, type ProbeOptions } from '../protocol/fit.ts';
import { createSampler } from '../sampling/chain.ts';
import { wasmHost } from './create_backend.ts';
import { kernelFile } from './kernel_file.ts';
import { largestGraph, probeTasks, probeTypes, type ProbeTask } from './probe_graphs.ts';
import { stepCosts, type StepCosts } from './step_costs.ts';

/** Engines compile the kernels for good while they run: rounds get faster for a while. */
const WARM_MS = { least: 250, most: 1000 };
const MEASURE_MS = 500;
/** Rounds that are compared with as many before them. */
const N_COMPARED = 4;

/** Of what runs for itself, in parts: the best of them counts. */
const ALONE_MS = 48;
const PART_MS = 6;

/** Every byte of a file of weights: finite scales whatever the type, no zeros, no denormals. */
const OPERAND = 0x3f;

/** A task, and the seconds that one run of it takes. */
interface Timed {
  readonly costs: StepCosts;
  readonly seconds: number;
}

/**
 * Measures the kernels that models run on, as the engine would run them, for about a second.
 * @throws UnsupportedError, ResourceError as opening a model does; AbortError by `pause`.
 */
export async function probeDevice(options: ProbeOptions, pause: () => Promise<void>): Promise<DeviceSpeed> {
  const startMs = performance.now();
  const tasks = probeTasks();
  const graph = largestGraph(tasks);
  const weights = weightsOf(tasks);
  const host: WasmHost = wasmHost();
  const backend = await createWasmBackend({ ...options, host, weights, graph, maxSessions: tasks.length });
  try {
    await backend.upload(weights, { read: async (_, __, into) => void into.fill(OPERAND) });
    const programs = tasks.map(({ graph }) => backend.prepare(graph));
    const seconds = await timed(tasks, programs, pause);
    const dry = await startDryRun({ kernels: kernelFile, build: 'simd' });
    const by = new Map(
      tasks.map(({ name, graph, step }, i) => {
        return [name, { costs: stepCosts(dry.planOf(graph), step), seconds: seconds[i]! }] as const;
      }),
    );
    const wakeSeconds = by.get('waking')!.seconds;
    const isLed = 1 - 1 / backend.threads; // the others' part of the work is late by so much
    const sweep = (name: string): Timed => {
      const { costs, seconds } = by.get(name)!;
      return { costs, seconds: seconds - isLed * wakeSeconds };
    };
    const matVec = Object.fromEntries(
      probeTypes.map((type) => [type, matVecSpeed(sweep(`${type} wide`), sweep(`${type} tall`))]),
    );
    const build = options.build ?? host.features.build;
    const step = { ...stepSpeed(by, wakeSeconds), ...(await samplingSpeed()), tokenSeconds: wakeSeconds };
    return {
      version: SPEED_VERSION,
      build,
      threads: backend.threads,
      matVec,
      step,
      tookMs: performance.now() - startMs,
    };
  } finally {
    await backend.dispose();
  }
}

function weightsOf(tasks: readonly ProbeTask[]): Value[] {
  const inputs = tasks.flatMap(({ graph }) => graph.nodes.flatMap((node) => node.inputs));
  const weights = inputs.filter(({ role }) => role === 'weight');
  return [...new Map(weights.map((weight) => [weight.name, weight])).values()];
}

/**
 * Seconds of one run of each task. Sweeps take turns, so that none finds in the cache what it left there; the others run for themselves.
 * Clocks of pages tell milliseconds: a mean of many turns is right all the same.
 */
async function timed(tasks: readonly ProbeTask[], programs: readonly Program[], pause: () => Promise<void>) {
  const run = async (i: number): Promise<void> => {
    const running = programs[i]!.run(tasks[i]!.step);
    if (running) await running;
  };
  const sweeps = tasks.flatMap(({ isSweep }, i) => (isSweep ? [i] : []));
  const round = async (): Promise<Round> => {
    const ms = new Map<number, number>();
    const startMs = performance.now();
    for (const i of sweeps) {
      const beginMs = performance.now();
      await run(i);
      ms.set(i, performance.now() - beginMs);
    }
    const totalMs = performance.now() - startMs;
    await pause();
    return { ms, totalMs };
  };
  await warmUp(round);
  const rounds: Round[] = [];
  for (const endMs = performance.now() + MEASURE_MS; performance.now() < endMs;) rounds.push(await round());
  const calm = calmOf(rounds);
  const seconds: number[] = [];
  for (const [i, { isSweep, partMs = PART_MS }] of tasks.entries()) {
    const ms = isSweep ? mean(calm.map((each) => each.ms.get(i)!)) : await leastMs(() => run(i), partMs);
    seconds.push(ms / 1000);
    await pause();
  }
  return seconds;
}

/** A turn of every sweep. */
interface Round {
  /** By the task's place. */
  readonly ms: ReadonlyMap<number, number>;
  readonly totalMs: number;
}

const mean = (values: readonly number[]): number => sum(values) / values.length;

async function warmUp(round: () => Promise<Round>): Promise<void> {
  const startMs = performance.now();
  const totals: number[] = [];
  for (;;) {
    totals.push((await round()).totalMs);
    const tookMs = performance.now() - startMs;
    if (tookMs < WARM_MS.least) continue;
    const [now, before] = [totals.slice(-N_COMPARED), totals.slice(-2 * N_COMPARED, -N_COMPARED)];
    if (tookMs > WARM_MS.most || mean(now) > 0.97 * mean(before)) return;
  }
}

/** Rounds that nothing else came into. */
function calmOf(rounds: readonly Round[]): Round[] {
  const totals = rounds.map(({ totalMs }) => totalMs).sort((a, b) => a - b);
  const most = 1.2 * totals[totals.length >> 2]!;
  return rounds.filter(({ totalMs }) => totalMs <= most);
}

/** Milliseconds of a run, where it goes best: each part is as many runs as it has room for, at least one. */
async function leastMs(run: () => void | Promise<void>, partMs: number): Promise<number> {
  let least = Infinity;
  for (const endMs = performance.now() + ALONE_MS; performance.now() < endMs;) {
    const beginMs = performance.now();
    let tookMs = 0;
    let n = 0;
    for (; n === 0 || tookMs < partMs; n++) {
      await run();
      tookMs = performance.now() - beginMs;
    }
    least = Math.min(least, tookMs / n);
  }
  return least;
}

/** Seconds of bytes and of rows, out of two shapes: `wide = bytes s + rows r`, `tall = bytes s + 4 rows r`. */
function matVecSpeed(wide: Timed, tall: Timed): MatVecSpeed {
  const [a, b] = [wide, tall].map(({ costs, seconds }) => ({
    bytes: sum(costs.matVecs.map(({ bytes }) => bytes)),
    rows: sum(costs.matVecs.map(({ rows }) => rows)),
    seconds,
  })) as [Total, Total];
  const rowSeconds = Math.max(0, (a.bytes * b.seconds - b.bytes * a.seconds) / (a.bytes * b.rows - b.bytes * a.rows));
  return { bytesPerSecond: a.bytes / (a.seconds - a.rows * rowSeconds), rowSeconds };
}

interface Total {
  readonly bytes: number;
  readonly rows: number;
  readonly seconds: number;
}

function stepSpeed(by: ReadonlyMap<string, Timed>, wakeSeconds: number) {
  const [phases, rows, attention] = ['phases', 'rows', 'attention'].map((name) => by.get(name)!) as [
    Timed,
    Timed,
    Timed,
  ];
  const phaseSeconds = Math.min(phases.seconds / phases.costs.nPhases, wakeSeconds / AWAKE);
  const attending = Math.max(attention.seconds - attention.costs.nPhases * phaseSeconds, attention.seconds / 10);
  return {
    phaseSeconds,
    rowBytesPerSecond: rows.costs.rowBytes / rows.seconds,
    attentionFlopsPerSecond: attention.costs.attentionFlops / attending,
  };
}

/** Threads that are awake find each other in less than this part of the time that it takes to wake one. */
const AWAKE = 50;

/** Draws tokens from noise with a few likely ones. */
async function samplingSpeed() {
  const nVocab = 8192;
  const logits = Float32Array.from({ length: nVocab }, (_, i) => (i % 512 === 0 ? 15 : 5) + Math.sin(i * i));
  const sampler = createSampler({ temperature: 0.6, topP: 0.9, seed: 1 }, nVocab);
  const seconds = (await leastMs(() => void sampler.sample(logits), PART_MS)) / 1000;
  return { pieceSeconds: seconds / nVocab };
}
