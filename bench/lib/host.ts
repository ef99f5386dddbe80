import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { Build } from '../../src/platform/features.ts';
import { hostOf, type MeasureHost, type Places } from '../measure/host.ts';

/** An address, as seen from bench/dist. */
const beside = (path: string): string => new URL(path, import.meta.url).href;

/** The files that `npm run build` left in dist/, and bench/run.mjs in bench/dist/. */
const places: Places = {
  compute: beside('../../dist/node/compute.js'),
  kernels: {
    simd: beside('../../dist/thimble.simd.wasm'),
    'simd.more': beside('../../dist/thimble.simd.more.wasm'),
    relaxed: beside('../../dist/thimble.relaxed.wasm'),
    'relaxed.more': beside('../../dist/thimble.relaxed.more.wasm'),
  },
  limits: { simd: beside('./limits.simd.wasm'), relaxed: beside('./limits.relaxed.wasm') },
  limitsWorker: beside('./limits_worker.js'),
};

/** Node as measurements see it. */
export const host = (): MeasureHost => hostOf(places);

/** Opens models in this thread. */
export const wasmFactory =
  (build: Build, threads: number): BackendFactory =>
  ({ weights, graph, options: { activations } }) =>
    createWasmBackend({ weights, graph, maxSessions: 1, threads, build, activations, host: host() });
