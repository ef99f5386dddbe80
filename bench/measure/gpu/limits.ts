import { ResourceError } from '../../../src/base/errors.ts';
import type { LimitTask } from '../limits.ts';
import { chooseClock, leastRunMs, timedBy, type GpuClock } from './clock.ts';
import { measureCosts, roundTripMs, type GpuCost } from './costs.ts';
import copy from './kernels/copy.wgsl?raw';
import dot from './kernels/dot.wgsl?raw';
import f16 from './kernels/f16.wgsl?raw';
import f32 from './kernels/f32.wgsl?raw';
import read from './kernels/read.wgsl?raw';
import type { GpuLimit } from './names.ts';
import { Laboratory, type Dispatch } from './laboratory.ts';
import { median, spread } from '../stats.ts';
import { interleave, type TimingOptions } from '../timing.ts';
import type { GpuInfo } from '../../../src/platform/gpu.ts';

export interface GpuLimits {
  readonly info: GpuInfo;
  readonly clock: GpuClock;
  /** What threads of a workgroup share, at the most. */
  readonly workgroupBytes: number;
  readonly tasks: Readonly<Partial<Record<GpuLimit, LimitTask>>>;
  costs(): Promise<GpuCost[]>;
  close(): void;
}

export interface GpuLimitsOptions {
  /** Bytes that `read` and `copy` go over: far more than caches hold. */
  readonly sweepBytes: number;
}

/** Buffers come in whole pieces of so much: every grid of `shapes` divides them. */
const PIECE_BYTES = 16 << 20;

/** Threads of a workgroup and, for memory, workgroups: the fastest is the limit. */
const shapes = [
  { threads: 64, groups: 1024 },
  { threads: 64, groups: 4096 },
  { threads: 256, groups: 1024 },
] as const;

/** Multiply-adds of a thread in one loop of each kernel. */
const PER_LOOP = { f32: 64, f16: 64, dot: 128 } as const;
const LOOPS = 256;
const MOST_GROUPS = 8192;

/** Runs that the clock is chosen by. */
const CLOCK_MS = 20;

/**
 * Opens a device, chooses a clock, and finds out how each limit is measured best.
 * @throws UnsupportedError, ResourceError where there is no device.
 */
export async function openGpuLimits(gpu: GPU, { sweepBytes }: GpuLimitsOptions): Promise<GpuLimits> {
  const laboratory = await Laboratory.open(gpu);
  const { info } = laboratory.gpu;
  try {
    const floats = await productTask(laboratory, 'f32', (run) => run, CLOCK_MS);
    const trip = await roundTripMs(laboratory);
    const clock = await chooseClock(laboratory.stopwatch, async () => void (await floats.run()), trip);
    const timed = timedBy(clock, laboratory.stopwatch);
    const leastMs = leastRunMs(clock);
    const tasks: Partial<Record<GpuLimit, LimitTask>> = await memoryTasks(laboratory, sweepBytes, timed, leastMs);
    tasks.f32 = await productTask(laboratory, 'f32', timed, leastMs);
    if (info.features.includes('f16')) tasks.f16 = await productTask(laboratory, 'f16', timed, leastMs);
    if (info.features.includes('dots')) tasks.dot = await productTask(laboratory, 'dot', timed, leastMs);
    const workgroupBytes = laboratory.device.limits.maxComputeWorkgroupStorageSize;
    return {
      info,
      clock,
      workgroupBytes,
      tasks,
      costs: () => measureCosts(laboratory, clock),
      close: () => laboratory.close(),
    };
  } catch (error) {
    laboratory.close();
    throw error;
  }
}

/** The most that a device did of one thing, in GB/s or GMAC/s. */
export interface GpuCeiling {
  readonly limit: GpuLimit;
  readonly perSecond: number;
  readonly spread: number;
}

export async function measureGpuLimits({ tasks, clock }: GpuLimits, timing: TimingOptions): Promise<GpuCeiling[]> {
  const all = Object.values(tasks);
  const samples = await interleave(all, { ...timing, stepMs: clock.stepUs / 1000 });
  return all.map(({ name, amount }, i) => ({
    ...{ limit: name as GpuLimit, perSecond: amount / median(samples[i]!) / 1e6, spread: spread(samples[i]!) },
  }));
}

type Timed = (run: LimitTask['run']) => LimitTask['run'];

/** Milliseconds of the fastest of a few runs. */
async function bestMs({ run }: Pick<LimitTask, 'run'>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const startMs = performance.now();
    const told = await run();
    best = Math.min(best, told ?? performance.now() - startMs);
  }
  return best;
}

/** The task, as often in a row as makes a run long enough. */
async function lengthened(
  name: GpuLimit,
  amount: number,
  { leastMs, make }: { leastMs: number; make: (repeats: number) => LimitTask['run'] },
): Promise<LimitTask> {
  let repeats = 1;
  for (;;) {
    const run = make(repeats);
    const ms = await bestMs({ run });
    if (ms >= leastMs || repeats >= MOST_REPEATS) return { name, amount: amount * repeats, run };
    repeats = Math.min(MOST_REPEATS, repeats * Math.min(8, Math.max(2, Math.ceil((1.2 * leastMs) / ms))));
  }
}

const MOST_REPEATS = 4096;

/** Of a few tasks the one that does most in a millisecond. */
async function fastest(tasks: readonly LimitTask[]): Promise<LimitTask> {
  const speeds: number[] = [];
  for (const task of tasks) speeds.push(task.amount / (await bestMs(task)));
  return tasks[speeds.indexOf(Math.max(...speeds))]!;
}

async function memoryTasks(
  laboratory: Laboratory,
  sweepBytes: number,
  timed: Timed,
  leastMs: number,
): Promise<Record<'read' | 'copy', LimitTask>> {
  const { device } = laboratory;
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const pieceBytes = Math.floor(Math.min(most, Math.max(sweepBytes / 2, PIECE_BYTES)) / PIECE_BYTES) * PIECE_BYTES;
  const n = Math.max(2, Math.ceil(sweepBytes / pieceBytes));
  device.pushErrorScope('out-of-memory');
  const buffers = Array.from({ length: n }, () => laboratory.storage(pieceBytes));
  const never = laboratory.storage(256);
  if (await device.popErrorScope()) {
    const need = `${(n * pieceBytes).toLocaleString('en')} bytes`;
    throw new ResourceError(`measuring the GPU's memory needs ${need} of it, which this device does not give`);
  }
  const tasks = { read: [] as LimitTask[], copy: [] as LimitTask[] };
  for (const { threads, groups } of shapes) {
    const reading = await laboratory.pipeline(read, { threads });
    const copying = await laboratory.pipeline(copy, { threads });
    const reads = buffers.map((buffer) => laboratory.dispatch(reading, buffer, never, groups));
    const copies = buffers.map((buffer, i) => laboratory.dispatch(copying, buffer, buffers[(i + 1) % n]!, groups));
    const task = (name: 'read' | 'copy', dispatches: readonly Dispatch[], amount: number) =>
      lengthened(name, amount, {
        ...{ leastMs, make: (repeats) => timed(() => laboratory.run(dispatches, repeats)) },
      });
    tasks.read.push(await task('read', reads, n * pieceBytes));
    tasks.copy.push(await task('copy', copies, 2 * n * pieceBytes));
  }
  return { read: await fastest(tasks.read), copy: await fastest(tasks.copy) };
}

async function productTask(
  laboratory: Laboratory,
  name: 'f32' | 'f16' | 'dot',
  timed: Timed,
  leastMs: number,
): Promise<LimitTask> {
  const operands = laboratory.storage(256);
  const never = laboratory.storage(256);
  // Factors near one keep sums where they are; bytes are all 1.
  const floats = Float32Array.from({ length: 8 }, (_, i) => (i < 4 ? 0.999 : 0.001));
  laboratory.device.queue.writeBuffer(operands, 0, name === 'dot' ? new Uint8Array(32).fill(1) : floats);
  const code = { f32, f16, dot }[name];
  const tasks: LimitTask[] = [];
  for (const threads of new Set(shapes.map(({ threads }) => threads))) {
    const pipeline = await laboratory.pipeline(code, { threads, loops: LOOPS });
    const perGroup = PER_LOOP[name] * LOOPS * threads;
    let groups = 32;
    const run = () => timed(() => laboratory.run([laboratory.dispatch(pipeline, operands, never, groups)]));
    while (groups < MOST_GROUPS && (await bestMs({ run: run() })) < leastMs / 2) groups *= 2;
    const dispatch = laboratory.dispatch(pipeline, operands, never, groups);
    tasks.push(
      await lengthened(name, perGroup * groups, {
        ...{ leastMs, make: (repeats) => timed(() => laboratory.run([dispatch], repeats)) },
      }),
    );
  }
  return fastest(tasks);
}
