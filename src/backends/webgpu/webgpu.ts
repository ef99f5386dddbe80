import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Backend } from '../backend.ts';
import { openDevice, type DeviceOptions } from './device.ts';
import { unsupported } from './lower.ts';
import { GpuMemory } from './memory.ts';
import { Pipelines } from './pipelines.ts';
import { planProgram } from './plan.ts';
import { GpuProgram } from './program.ts';
import { hasKernel } from './sources.ts';
import { uploadWeights } from './upload.ts';
import { Weights } from './weights.ts';

/** What a backend is opened for. */
export interface WebgpuOptions {
  /** Where GPUs are found: `navigator.gpu`, or what brings it to Node. */
  readonly gpu: GPU;
  readonly weights: readonly Tensor[];
  /** What every session will run. */
  readonly graph: Graph;
  readonly activations?: ActivationKind | undefined;
  /** Of less able devices, for tests. */
  readonly device?: DeviceOptions | undefined;
}

/** Threads of a workgroup, for kernels that are not tuned: every device takes so many. */
const THREADS = 64;

/** Opens a device, and a backend on it. @throws UnsupportedError, ResourceError where there is no device. */
export async function createWebgpuBackend(options: WebgpuOptions): Promise<Backend> {
  const { activations = 'exact' } = options;
  const gpu = await openDevice(options.gpu, options.device);
  const { device, info } = gpu;
  const memory = new GpuMemory(device);
  const pipelines = new Pipelines(device);
  const weights = new Weights(memory);
  const home = { gpu, memory, pipelines, weights };
  const plan = (graph: Graph, keep?: readonly Value[]) => planProgram(graph, { threads: THREADS }, keep);
  let disposed = false;
  return {
    name: `webgpu, ${info.description || [info.vendor, info.architecture].join(' ')}`,
    threads: 1,
    activations,
    get isDead() {
      return !disposed && gpu.lost() !== undefined;
    },
    unsupported,
    supports: (quant) => hasKernel(`quants/${quant.name}`),
    upload: (tensors, how) => uploadWeights(home, tensors, how),
    prepare: (graph, look) => new GpuProgram(plan(graph, look?.keep), home, look?.onNode),
    dispose() {
      disposed = true;
      memory.dispose();
      device.destroy();
    },
  };
}
