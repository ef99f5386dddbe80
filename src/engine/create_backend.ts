import { startWasmBackend, type WasmHost } from '../backends/wasm/wasm.ts';
import { detectFeatures } from '../platform/features.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { OpenOptions } from '../protocol/open.ts';
import { checkOneOf } from '../base/checks.ts';
import type { BackendFactory } from './backend_plan.ts';
import { fileNamed } from './files.ts';
import { kernelFile } from './kernel_file.ts';
import { nCores, spawn, tick } from '#platform';

/** The name of compute threads. */
export const COMPUTE_THREAD = 'thimble compute';

/** Sessions that can be open at a time unless `maxSessions` says otherwise. */
export const defaultSessions = 4;

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

const starters: Readonly<Record<string, Starter>> = {
  wasm({ maxSessions = defaultSessions, threads, build, activations }) {
    const { finish, abandon } = startWasmBackend({ threads, build, activations, host: wasmHost() });
    return { create: ({ weights, graph, part }) => finish({ weights, graph, part, maxSessions }), abandon };
  },
  webgpu: (_, gpu) => ({
    create: async (plan) => (await import('./gpu_backend.ts')).createGpuBackend(plan, gpu),
    abandon: async () => undefined,
  }),
  reference: () => ({
    create: async () => (await import('../backends/reference/reference.ts')).referenceBackend(),
    abandon: async () => undefined,
  }),
};

/** Begins the backend that the options name. */
export function startBackend(options: OpenOptions, gpu?: GpuObject): StartingBackend {
  const { backend = 'wasm' } = options;
  return starters[checkOneOf('backend', backend, Object.keys(starters))]!(options, gpu);
}
