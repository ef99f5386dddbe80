/** Passes of one run. */
const MAX_PASSES = 64;

/** Bits of GPUBufferUsage, which not every runtime has among its globals. */
const usage = { mapRead: 1, copyFrom: 4, copyTo: 8, resolve: 512 } as const;
const MAP_READ = 1;

/**
 * Times the compute passes of a device by timestamps, whoever records them: it stands in front of the device's encoders. A pass's timestamps
 * are coarse in a browser (Chromium: 100 µs), so that only long runs, and many, say much.
 */
export class Stopwatch {
  private readonly device: GPUDevice;
  private readonly set: GPUQuerySet | undefined;
  private nPasses = 0;
  private isRunning = false;
  /** The greatest step, in nanoseconds, that all timestamps so far are whole numbers of. */
  stepNs = 0;

  constructor(device: GPUDevice) {
    this.device = device;
    if (!device.features.has('timestamp-query')) return;
    this.set = device.createQuerySet({ type: 'timestamp', count: 2 * MAX_PASSES });
    const create = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => this.watch(create(descriptor));
  }

  get hasTimestamps(): boolean {
    return this.set !== undefined;
  }

  /** An encoder whose passes write timestamps while the watch runs. */
  private watch(encoder: GPUCommandEncoder): GPUCommandEncoder {
    if (!this.isRunning) return encoder;
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (descriptor) => {
      const at = 2 * this.nPasses++;
      if (at >= 2 * MAX_PASSES) throw new RangeError(`a run that is timed may have ${MAX_PASSES} passes, it has more`);
      const writes = { querySet: this.set!, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
      return begin({ ...descriptor, timestampWrites: writes });
    };
    return encoder;
  }

  /** Milliseconds that the passes of a run took together. */
  async time(run: () => void | Promise<unknown>): Promise<number> {
    this.nPasses = 0;
    this.isRunning = true;
    try {
      await run();
    } finally {
      this.isRunning = false;
    }
    const times = await this.read(2 * this.nPasses);
    let ns = 0;
    for (let i = 0; i < times.length; i += 2) {
      ns += Number(times[i + 1]! - times[i]!);
      this.stepNs = [times[i]!, times[i + 1]!].reduce((step, time) => divisor(step, Number(time % STEPS)), this.stepNs);
    }
    return ns / 1e6;
  }

  private async read(n: number): Promise<BigUint64Array> {
    if (n === 0) return new BigUint64Array(0);
    const { device } = this;
    const resolved = device.createBuffer({ size: 8 * n, usage: usage.resolve | usage.copyFrom });
    const mapped = device.createBuffer({ size: 8 * n, usage: usage.mapRead | usage.copyTo });
    try {
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(this.set!, 0, n, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 8 * n);
      device.queue.submit([encoder.finish()]);
      await mapped.mapAsync(MAP_READ);
      return new BigUint64Array(mapped.getMappedRange().slice(0));
    } finally {
      resolved.destroy();
      mapped.destroy();
    }
  }
}

/** A whole number of every step that is known (1 ns, 65,536 ns in Dawn, 100,000 ns in Chromium), so that what is left over is one, too. */
const STEPS = 65_536n * 100_000n;

/** The greatest common divisor. */
function divisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** A GPU whose devices are watched: `stopwatch` is that of the device that came last. */
export interface WatchedGpu {
  readonly gpu: GPU;
  readonly stopwatch: () => Stopwatch;
}

export function watchedGpu(gpu: GPU): WatchedGpu {
  let stopwatch: Stopwatch | undefined;
  const watchedAdapter = (adapter: GPUAdapter): GPUAdapter => {
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await request(descriptor);
      stopwatch = new Stopwatch(device);
      return device;
    };
    return adapter;
  };
  const watched = {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      return adapter && watchedAdapter(adapter);
    },
  };
  return { gpu: watched as GPU, stopwatch: () => stopwatch! };
}
