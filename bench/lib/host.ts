import type { WasmHost } from '../../src/backends/wasm/wasm.ts';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import { detectFeatures, type Build } from '../../src/platform/features.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { nCores, readBeside, spawn, tick } from '../../src/platform/node.ts';

/** Node as the WASM backend sees it, with the files that `npm run build` left in dist/. */
export const host = (): WasmHost => ({
  features: detectFeatures(),
  kernels: (file) => readBeside(new URL(`../../dist/thimble.${file}.wasm`, import.meta.url)),
  spawn: () => spawn(new URL('../../dist/node/compute.js', import.meta.url), 'compute'),
  tick,
  nCores: nCores(),
});

/** Opens models in this thread. */
export const wasmFactory =
  (build: Build, threads: number): BackendFactory =>
  ({ weights, graph, options: { activations } }) =>
    createWasmBackend({ weights, graph, maxSessions: 1, threads, build, activations, host: host() });
