import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { allLogits, openBytes } from '../helpers/open.ts';

const features = { build: 'relaxed', sharedMemory: true } as const;

export const builds = ['simd', 'relaxed'] as const;

/** Call `allowRelaxedBuild` before the first of them. */
export const wasm =
  (build: (typeof builds)[number]): BackendFactory =>
  ({ weights, graph, options: { threads } }) =>
    createWasmBackend({ weights, graph, maxSessions: 4, threads, build, host: nodeHost({ features }) });

/** Every row of a model's logits; `maxLogits` is how many tokens go into a step. */
export async function logitsOf(
  bytes: Uint8Array,
  tokens: readonly number[],
  options: OpenOptions,
  factory?: BackendFactory,
): Promise<Float32Array[]> {
  const model = await openBytes(bytes, { kvType: 'f32', nCtx: 256, threads: 1, ...options }, factory);
  try {
    return await allLogits(model, tokens);
  } finally {
    await model.close();
  }
}
