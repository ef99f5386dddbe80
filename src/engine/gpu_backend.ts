import type { Backend } from '../backends/backend.ts';
import { checkSupported } from '../backends/webgpu/lower.ts';
import { createWebgpuBackend } from '../backends/webgpu/webgpu.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { BackendPlan } from './backend_plan.ts';
import { findGpu } from '#platform';

/** @param given the caller's own; else this thread's is looked for */
export async function createGpuBackend(
  { weights, graph, options: { activations } }: BackendPlan,
  given: GpuObject | undefined,
): Promise<Backend> {
  checkSupported(graph);
  const gpu = given ?? (await findGpu());
  return createWebgpuBackend({ gpu: withTypes(gpu), weights, graph, activations });
}

/** WebGPU as its specification has it; whoever brings something else is told by the first call. */
const withTypes = (gpu: GpuObject): GPU => gpu as GPU;
