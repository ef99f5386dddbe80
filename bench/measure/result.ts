/**
 * What one device measured, as plain data. The page and Node make the same form, bench/results/devices keeps it, links carry it. Rates are
 * GB/s (10⁹ bytes), GMAC/s (10⁹ multiply-adds) and tokens per second; a spread is the median distance from the median, relative to it.
 */
import { FormatError } from '../../src/base/errors.ts';
import type { Build } from '../../src/platform/features.ts';
import { flag, list, number, object, oneOf, optional, pair, text, whole, type Read } from './checked.ts';
import type { GpuInfo, KernelCheck, KernelChoice } from '../../src/platform/gpu.ts';
import type { GpuClock } from './gpu/clock.ts';
import type { GpuCost } from './gpu/costs.ts';
import type { GpuCeiling } from './gpu/limits.ts';
import { clockKinds, costNames, gpuFeatures, gpuLimitNames } from './gpu/names.ts';
import { limitNames, type LimitJob } from './limit_kernels.ts';
import type { BenchLine, Timing } from './measure_cases.ts';

/** Raised when a reader of the form before would misunderstand it. */
export const VERSION = 1;

export interface DeviceResult {
  readonly form: 'thimble-device';
  readonly version: typeof VERSION;
  /** When it was measured: an ISO time. */
  readonly at: string;
  readonly device: Device;
  /** `full`, or `quick` for a look at a few types. */
  readonly plan: 'full' | 'quick';
  /** The kernels' build. */
  readonly build: Build;
  /** Whether threads can share memory; without there is one. */
  readonly sharedMemory: boolean;
  /** Threads of all that does not say its own number. */
  readonly threads: number;
  /** The step of the clock that times were read from. */
  readonly clockUs: number;
  /** MiB of weights that a mat-vec goes through, and that the bandwidth is measured on. */
  readonly sweepMib: number;
  readonly ceilings: readonly Ceiling[];
  readonly kernels: readonly KernelLine[];
  readonly models: readonly ModelLine[];
  readonly sustained?: Sustained | undefined;
  /** Readers that know nothing of GPUs leave it out, and misunderstand nothing. */
  readonly gpu?: GpuResult | undefined;
}

/** Where a measurement was made. A page knows little about its device: what is not known is left out or empty. */
export interface Device {
  /** What its owner calls it. */
  readonly name: string;
  /** `Node v24.21.0`, `Chromium 156`. */
  readonly engine: string;
  readonly cpu: string;
  readonly nCores: number;
  readonly memoryGib?: number | undefined;
  readonly system: string;
}

/** The most that the device did of one thing, with so many threads. */
export interface Ceiling {
  readonly limit: LimitJob;
  readonly threads: number;
  /** GB/s or GMAC/s. */
  readonly perSecond: number;
  readonly spread: number;
}

/** A kernel on one quant type, checked against plain loops first. */
export interface KernelLine extends Pick<BenchLine, 'op' | 'name' | 'error' | 'tolerance' | 'timing'> {
  readonly threads: number;
}

export interface ModelLine {
  readonly model: string;
  readonly weightBytes: number;
  readonly threads: number;
  readonly loadMs: number;
  readonly ttftMs: number;
  /** Tokens per second. */
  readonly phases: readonly { readonly name: string; readonly tps: number; readonly spread: number }[];
}

/** What the device's GPU did, where WebGPU reaches one. */
export interface GpuResult {
  readonly info: GpuInfo;
  readonly clock: GpuClock;
  readonly ceilings: readonly GpuCeiling[];
  readonly costs: readonly GpuCost[];
  readonly kernels: readonly GpuKernelLine[];
  readonly models: readonly ModelLine[];
  /** Of each kernel that the model of the last line needs, what its check at the model's opening came to. */
  readonly checks: readonly KernelCheck[];
  /** Which of several kernels that model's products have, by type and kind of step. */
  readonly choices: readonly GpuChoice[];
}

export interface GpuChoice extends Pick<KernelChoice, 'kind' | 'variant' | 'from'> {
  /** Of workgroups and tiles: `64×16`. */
  readonly sizes: string;
}

/** A GPU's kernel on one quant type or shape, checked against plain loops first. */
export interface GpuKernelLine extends Omit<KernelLine, 'threads'> {
  /** The files of kernels/ that did it. */
  readonly kernels?: string | undefined;
  /** Why it could not run, where it could not. */
  readonly failure?: string | undefined;
}

/** Decode speed over minutes. */
export interface Sustained {
  readonly model: string;
  readonly threads: number;
  /** Seconds since the start, and tokens per second until then. */
  readonly samples: readonly (readonly [number, number])[];
  /** Seconds between which the page was in the background. */
  readonly hidden: readonly (readonly [number, number])[];
  /** The battery's level before and after, 0 to 1, and whether it was being charged; where the browser tells. */
  readonly battery?: Battery | undefined;
}

export interface Battery {
  readonly before: number;
  readonly after: number;
  readonly isCharging: boolean;
}

const count = whole(1, 1024);
const rate = number(0, 1e7);
const share = number(0, 1e6);
const name = text(120);

const timing = object<Timing>({
  ms: number(0, 1e9),
  spread: share,
  gbPerSecond: rate,
  gmacPerSecond: rate,
  ofLimit: share,
  limit: oneOf(...limitNames, 'f16'),
  limitPerSecond: rate,
});

const kernelFields = {
  op: text(40),
  name: text(40),
  error: number(0, Number.MAX_VALUE),
  tolerance: number(0, 1),
  timing: optional(timing),
} as const;

const kernel = object<KernelLine>({ ...kernelFields, threads: count });

const model = object<ModelLine>({
  model: name,
  weightBytes: number(0, 1e13),
  threads: count,
  loadMs: number(0, 1e9),
  ttftMs: number(0, 1e9),
  phases: list(object({ name: text(40), tps: rate, spread: share }), 20),
});

const seconds = number(0, 1e6);

const sustained = object<Sustained>({
  model: name,
  threads: count,
  samples: list(pair(seconds, rate), 20_000),
  hidden: list(pair(seconds, seconds), 1000),
  battery: optional(object<Battery>({ before: number(0, 1), after: number(0, 1), isCharging: flag })),
});

const gpu = object<GpuResult>({
  info: object<GpuInfo>({
    vendor: name,
    architecture: name,
    description: text(200),
    isFallback: flag,
    features: list(oneOf(...gpuFeatures), gpuFeatures.length),
  }),
  clock: object<GpuClock>({
    kind: oneOf(...clockKinds),
    why: optional(text(200)),
    stepUs: number(0, 1e6),
    roundTripMs: number(0, 1e6),
  }),
  ceilings: list(object<GpuCeiling>({ limit: oneOf(...gpuLimitNames), perSecond: rate, spread: share }), 20),
  costs: list(object<GpuCost>({ cost: oneOf(...costNames), us: number(0, 1e9), spread: share }), 20),
  kernels: list(
    object<GpuKernelLine>({ ...kernelFields, kernels: optional(text(200)), failure: optional(text(300)) }),
    500,
  ),
  models: list(model, 50),
  checks: list(
    object<KernelCheck>({
      kernel: text(100),
      nPipelines: count,
      error: optional(number(0, Number.MAX_VALUE)),
      refused: optional(text(300)),
    }),
    200,
  ),
  choices: list(
    object<GpuChoice>({
      ...{ kind: text(60), variant: text(80), sizes: text(40), from: oneOf('timing', 'notes', 'default') },
    }),
    100,
  ),
});

const result: Read<DeviceResult> = object<DeviceResult>({
  form: oneOf('thimble-device'),
  version: oneOf(VERSION),
  at: text(40, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  device: object<Device>({
    name,
    engine: name,
    cpu: name,
    nCores: count,
    memoryGib: optional(number(0, 1e5)),
    system: name,
  }),
  plan: oneOf('full', 'quick'),
  build: oneOf('relaxed', 'simd'),
  sharedMemory: flag,
  threads: count,
  clockUs: number(0, 1e6),
  sweepMib: number(0, 1e6),
  ceilings: list(object<Ceiling>({ limit: oneOf(...limitNames), threads: count, perSecond: rate, spread: share }), 200),
  kernels: list(kernel, 500),
  models: list(model, 50),
  sustained: optional(sustained),
  gpu: optional(gpu),
});

/**
 * A result out of a file or a link. Nobody vouches for those: everything is checked, and what is not known is left out.
 * @throws FormatError that says where it is not a result
 */
export function readResult(value: unknown): DeviceResult {
  const { form, version } = (value ?? {}) as { form?: unknown; version?: unknown };
  if (form === 'thimble-device' && typeof version === 'number' && version > VERSION) {
    throw new FormatError(`the result has version ${version}, this page knows ${VERSION}; open it in a newer one`);
  }
  return result(value, '');
}

/** Four digits are more than a measurement is worth, and make files and links short. JSON has no infinity, which an error may be. */
export function rounded<T>(value: T): T {
  if (value === Infinity) return Number.MAX_VALUE as T;
  if (typeof value === 'number') return (Number.isInteger(value) ? value : Number(value.toPrecision(4))) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rounded(one)])) as T;
}

/** The file's text. */
export const resultText = (of: DeviceResult): string => `${JSON.stringify(rounded(of), null, 1)}\n`;

/** The type of a kernel line: `q4_0` of `matmul q4_0`. */
export const quantOf = ({ op }: Pick<KernelLine, 'op'>): string => op.replace(/^\w+ /, '');

export const ceilingOf = ({ ceilings }: DeviceResult, limit: LimitJob, threads: number): Ceiling | undefined =>
  ceilings.find((one) => one.limit === limit && one.threads === threads);
