import { median, spread } from '../stats.ts';
import { leastRunMs, timedBy, type GpuClock } from './clock.ts';
import tiny from './kernels/tiny.wgsl?raw';
import type { Dispatch, Laboratory } from './laboratory.ts';
import type { CostName } from './names.ts';

export interface GpuCost {
  readonly cost: CostName;
  /** Microseconds of one; of `upload`, of a MiB that goes to the device in pieces of four. */
  readonly us: number;
  readonly spread: number;
}

const ROUNDS = 9;
const DISPATCHES = 512;
const PASSES = 64;
const SUBMITS = 32;
const UPLOAD_MIB = 64;
const UPLOAD_PIECE = 4 << 20;

const MAP_READ = 1;

async function tinyDispatch(laboratory: Laboratory): Promise<{ dispatch: Dispatch; count: GPUBuffer }> {
  const [unused, count] = [laboratory.storage(256), laboratory.storage(256)];
  return { dispatch: laboratory.dispatch(await laboratory.pipeline(tiny), unused, count, 1), count };
}

/** The usual round trip: four bytes there, a dispatch, 16 bytes back. */
async function roundTrip(laboratory: Laboratory): Promise<() => Promise<void>> {
  const { device } = laboratory;
  const { dispatch, count } = await tinyDispatch(laboratory);
  const mapped = laboratory.readBack(16);
  const zero = new Uint32Array(1);
  return async () => {
    device.queue.writeBuffer(count, 0, zero);
    const encoder = device.createCommandEncoder();
    laboratory.pass(encoder, [dispatch]);
    encoder.copyBufferToBuffer(count, 0, mapped, 0, 16);
    laboratory.submit(encoder);
    await mapped.mapAsync(MAP_READ);
    mapped.unmap();
  };
}

/** Milliseconds of a run by the wall's clock, round after round; the first does not count. */
async function walls(run: () => void | Promise<void>, rounds = ROUNDS): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const startMs = performance.now();
    await run();
    samples.push(performance.now() - startMs);
  }
  return samples.slice(1);
}

export const roundTripMs = async (laboratory: Laboratory): Promise<number> =>
  median(await walls(await roundTrip(laboratory)));

/** Everything that is not a kernel's work. */
export async function measureCosts(laboratory: Laboratory, clock: GpuClock): Promise<GpuCost[]> {
  const { device, stopwatch } = laboratory;
  const { dispatch } = await tinyDispatch(laboratory);
  const done = () => device.queue.onSubmittedWorkDone();
  const cost = (cost: CostName, samples: readonly number[], n: number): GpuCost => ({
    ...{ cost, us: (1000 * median(samples)) / n, spread: spread(samples) },
  });
  const trips = await walls(await roundTrip(laboratory));
  /** Of what is waited for at the end, the waiting does not count. */
  const net = (samples: readonly number[]): number[] => samples.map((ms) => Math.max(0, ms - median(trips)));

  const timed = timedBy(clock, stopwatch);
  let repeats = DISPATCHES;
  const dispatches = timed(() => laboratory.run([dispatch], repeats));
  const dispatchMs = async (): Promise<number> => {
    const startMs = performance.now();
    return (await dispatches()) ?? performance.now() - startMs;
  };
  while ((await dispatchMs()) < leastRunMs(clock) && repeats < 64 * DISPATCHES) repeats *= 2;
  const stamped: number[] = [];
  for (let round = 0; round < ROUNDS; round++) stamped.push(await dispatchMs());

  const recorded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const encoder = device.createCommandEncoder();
    const startMs = performance.now();
    laboratory.pass(encoder, [dispatch], repeats);
    recorded.push(performance.now() - startMs);
    laboratory.submit(encoder);
    await done();
  }

  const passes = await walls(async () => {
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < PASSES; i++) laboratory.pass(encoder, [dispatch]);
    laboratory.submit(encoder);
    await done();
  });
  const submits = await walls(async () => {
    for (let i = 0; i < SUBMITS; i++) {
      const encoder = device.createCommandEncoder();
      laboratory.pass(encoder, [dispatch]);
      laboratory.submit(encoder);
    }
    await done();
  });
  const uploads = await walls(uploading(laboratory));
  laboratory.check();
  return [
    cost('record', recorded, repeats),
    cost('dispatch', stamped, repeats),
    cost('pass', net(passes), PASSES),
    cost('submit', net(submits), SUBMITS),
    cost('round trip', trips, 1),
    cost('upload', uploads, UPLOAD_MIB),
  ];
}

/** Sends pieces to the device, one after the other, as weights go there. */
function uploading(laboratory: Laboratory): () => Promise<void> {
  const { device } = laboratory;
  const piece = new Uint8Array(UPLOAD_PIECE).fill(1);
  const buffer = laboratory.storage(UPLOAD_PIECE * 4);
  return async () => {
    for (let at = 0; at < UPLOAD_MIB << 20; at += UPLOAD_PIECE) {
      device.queue.writeBuffer(buffer, at % (UPLOAD_PIECE * 4), piece);
    }
    await device.queue.onSubmittedWorkDone();
  };
}
