import { referenceBackend } from '../backends/reference/reference.ts';
import { createWasmBackend } from '../backends/wasm/wasm.ts';
import { detectFeatures } from '../features.ts';
import { checkOneOf } from '../checks.ts';
import type { BackendFactory } from './backend_plan.ts';
import { nCores, readBeside, spawn, tick } from '#platform';

/** Sessions that can be open at a time unless `maxSessions` says otherwise. */
const defaultSessions = 4;

const factories: Readonly<Record<string, BackendFactory>> = {
  wasm: ({ weights, graph, options: { maxSessions = defaultSessions, threads, build, activations } }) => {
    const host = {
      features: detectFeatures(),
      kernels: (name: string) => readBeside(new URL(`../thimble.${name}.wasm`, import.meta.url)),
      spawn: () => spawn(new URL('./compute.js', import.meta.url), 'thimble compute'),
      tick,
      nCores: nCores(),
    };
    return createWasmBackend({ weights, graph, maxSessions, threads, build, activations, host });
  },
  reference: () => Promise.resolve(referenceBackend()),
};

/** The backend that the options name, ready for one model. */
export const createBackend: BackendFactory = (plan) => {
  const { backend = 'wasm' } = plan.options;
  return factories[checkOneOf('backend', backend, Object.keys(factories))]!(plan);
};
