import { startWasmBackend, type WasmHost } from '../backends/wasm/wasm.ts';
import { detectFeatures } from '../platform/features.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { BackendName, OpenOptions } from '../protocol/open.ts';
import { checkOneOf } from '../base/checks.ts';
import type { Backend } from '../backends/backend.ts';
import { defaultSessions, memoryBytes, type BackendFactory, type BackendPlan } from './backend_plan.ts';
import type { GpuSurroundings } from './gpu_backend.ts';
import { fileNamed } from './files.ts';
import { kernelFile } from './kernel_file.ts';
import { nCores, spawn, tick } from '#platform';

/** The name of compute threads. */
export const COMPUTE_THREAD = 'thimble compute';

/** A backend on its way: what needs no header begins before there is one. */
export interface StartingBackend {
  readonly create: BackendFactory;
  /** Ends what was begun, where nothing comes of it. */
  abandon(): Promise<void>;
}

/** This thread's surroundings, as the WASM backend sees them. */
export const wasmHost = (): WasmHost => ({
  features: detectFeatures(),
  kernels: kernelFile,
  spawn: () => spawn(fileNamed('compute'), COMPUTE_THREAD),
  tick,
  nCores: nCores(),
});

/** @param gpu the caller's own; else the one of this thread is looked for */
type Starter = (options: OpenOptions, gpu: GpuObject | undefined) => StartingBackend;

/** Begins with the threads of WebAssembly, and ends them where they have no part in what comes. */
const startWasm: Starter = (options) => {
  const { maxSessions = defaultSessions, threads, build, activations, preferCached } = options;
  const { finish, abandon } = startWasmBackend({ threads, build, activations, host: wasmHost() });
  return {
    async create({ weights, graph, part, keep }) {
      return finish({ weights, graph, part, keep, maxSessions, memoryBytes: await memoryBytes(options), preferCached });
    },
    abandon,
  };
};

const idle = async (): Promise<void> => undefined;

/** A GPU backend, or a choice of one, with WebAssembly for what the GPU does not take. */
const startGpu =
  (create: (plan: BackendPlan, around: GpuSurroundings) => Promise<Backend>): Starter =>
  (options, given) => ({
    create: (plan) => {
      const { maxSessions = defaultSessions } = options;
      return create(plan, { given, maxSessions, wasm: (needs) => startWasm(needs.options, given).create(needs) });
    },
    abandon: idle,
  });

const starters: Readonly<Record<BackendName, Starter>> = {
  auto: startGpu(async (...args) => (await import('./auto_gpu.ts')).createFaster(...args)),
  webgpu: startGpu(async (...args) => (await import('./gpu_backend.ts')).createGpuBackend(...args)),
  wasm: startWasm,
  reference: () => ({
    create: async () => (await import('../backends/reference/reference.ts')).referenceBackend(),
    abandon: idle,
  }),
};

/** Begins the backend that the options name. */
export function startBackend(options: OpenOptions, gpu?: GpuObject): StartingBackend {
  const { backend = 'wasm' } = options;
  return starters[checkOneOf('backend', backend, Object.keys(starters) as BackendName[])](options, gpu);
}
