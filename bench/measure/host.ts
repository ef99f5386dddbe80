import { COMPUTE_THREAD } from '../../src/engine/create_backend.ts';
import type { KernelFile } from '../../src/backends/wasm/kernels.ts';
import type { WasmHost } from '../../src/backends/wasm/wasm.ts';
import { detectFeatures, type Build } from '../../src/platform/features.ts';
import type { WorkerHandle } from '../../src/platform/platform.ts';
import { nCores, readBeside, spawn, tick } from '#platform';

/** The world around a measurement: what the backend needs of it, and what the machine's limits need. */
export interface MeasureHost extends WasmHost {
  /** limits.as, compiled for a build. */
  readonly limits: (build: Build) => Promise<Uint8Array<ArrayBuffer>>;
  /** Starts a worker that runs limits_worker.ts. */
  readonly spawnLimits: () => WorkerHandle;
}

/** Addresses of everything that is loaded. Node and the page have them in different places. */
export interface Places {
  /** The library's script of compute threads. */
  readonly compute: string;
  readonly kernels: Readonly<Record<KernelFile, string>>;
  readonly limits: Readonly<Record<Build, string>>;
  readonly limitsWorker: string;
}

/** Node, or the worker of a page, with these files. */
export const hostOf = ({ compute, kernels, limits, limitsWorker }: Places): MeasureHost => ({
  features: detectFeatures(),
  kernels: (file) => readBeside(new URL(kernels[file])),
  spawn: () => spawn(new URL(compute), COMPUTE_THREAD),
  tick,
  nCores: nCores(),
  limits: (build) => readBeside(new URL(limits[build])),
  spawnLimits: () => spawn(new URL(limitsWorker), 'limits'),
});

/** What decides how to measure here. */
export const featuresHere = () => ({ ...detectFeatures(), nCores: nCores() });
