import { asError } from '../../base/errors.ts';
import { inBytes } from '../../base/in_bytes.ts';
import { greatest } from '../../base/numbers.ts';
import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { GpuFit } from '../../platform/gpu.ts';
import type { DeviceMemory } from '../../platform/platform.ts';
import { bindingBytes, featuresOf, findAdapter, infoOf, reasonOf, type Gpu } from './device.ts';
import { checkSupported } from './lower.ts';
import { deviceTitle, WebgpuBackend } from './webgpu.ts';
import { findGpu } from '#platform';

/** A model as it would be opened. */
interface Opening {
  readonly weights: readonly Tensor[];
  readonly graph: Graph;
  readonly maxSessions: number;
  readonly activations?: ActivationKind | undefined;
  /** Software is not taken. */
  readonly isAuto: boolean;
}

/** What a model would take of a GPU, or why it would not run there. */
export async function fitOnGpu(opening: Opening, device: DeviceMemory): Promise<GpuFit> {
  let known: Pick<GpuFit, 'name' | 'needs'> = { name: undefined, needs: undefined };
  const refuse = (reason: string): GpuFit => ({ ...known, refused: reason, reason });
  try {
    const gpu = (await findGpu()) as GPU;
    const adapter = await findAdapter(gpu);
    const info = infoOf(adapter, featuresOf(gpu, adapter));
    const name = deviceTitle(info);
    known = { name, needs: undefined };
    if (info.isFallback && opening.isAuto) return refuse(`the GPU here is software: ${name}`);
    checkSupported(opening.graph);
    const needs = await needsOf(opening, gpu, adapter);
    known = { name, needs };
    const { allowedBytes = Infinity, said, countsGpu } = device;
    const parts = `weights ${inBytes(needs.weightBytes)} + sessions ${inBytes(needs.sessionBytes)}`;
    const taken = `${inBytes(needs.totalBytes)} on the GPU (${parts})`;
    const allowed = `the ${inBytes(allowedBytes)} ${said}`;
    if (countsGpu && needs.totalBytes > allowedBytes) return refuse(`${taken}, more than ${allowed}`);
    const untold = "how much memory it has, and whether that is the processor's, WebGPU does not tell";
    return { ...known, refused: undefined, reason: countsGpu ? `${taken}, of ${allowed}` : `${taken}; ${untold}` };
  } catch (error) {
    return refuse(reasonOf(asError(error)));
  }
}

/** Bytes that the backend itself asks for, of a device that only counts. @throws ResourceError where kernels could not see some matrix */
async function needsOf({ weights, graph, activations, maxSessions }: Opening, gpu: GPU, adapter: GPUAdapter) {
  const used = [0];
  const take = (bytes: number): void => void used.push(used.at(-1)! + bytes);
  const device = {
    limits: adapter.limits,
    createBuffer({ size }: GPUBufferDescriptor) {
      take(size);
      return { size, destroy: () => take(-size) };
    },
    queue: { writeBuffer: () => undefined },
    pushErrorScope: () => undefined,
    popErrorScope: () => Promise.resolve(null),
  } as unknown as GPUDevice;
  const features = featuresOf(gpu, adapter);
  const counting: Gpu = {
    device,
    gpu,
    info: infoOf(adapter, features),
    has: (feature) => features.includes(feature),
    bindingBytes: bindingBytes(adapter),
    fault: () => undefined,
    died: new Promise(() => undefined),
  };
  await new WebgpuBackend(counting, { gpu, weights, graph, activations }).reserve(weights);
  const weightBytes = used.at(-1)!; // the session that was tried has been given back
  const sessionBytes = maxSessions * (greatest(used) - weightBytes);
  return { weightBytes, sessionBytes, totalBytes: weightBytes + sessionBytes };
}
