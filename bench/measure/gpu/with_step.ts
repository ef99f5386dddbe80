import { merged } from '../merged.ts';
import type { GpuResult } from '../result.ts';

/** What one step adds to a result's GPU. */
export type GpuStepResult = Partial<GpuResult>;

/** Nothing is known of the GPU yet. */
const unknown: GpuResult = {
  info: { vendor: '', architecture: '', description: '', isFallback: false, features: [] },
  clock: { kind: 'fences', stepUs: 0, roundTripMs: 0 },
  ...{ ceilings: [], costs: [], kernels: [], models: [], checks: [], choices: [] },
};

/** What is known of a GPU with what a step found. */
export const withGpuStep = (before: GpuResult = unknown, found: GpuStepResult): GpuResult => ({
  ...before,
  ...found,
  kernels: merged(before.kernels, found.kernels ?? [], ({ op, name }) => `${op} ${name}`),
  models: merged(before.models, found.models ?? [], ({ model }) => model),
});
