import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { GpuReport, KernelCheck } from '../../platform/gpu.ts';
import { colsOf } from '../../ops/op.ts';
import type { Backend, Look, ReadTensor } from '../backend.ts';
import { plainWeights } from '../matrices.ts';
import { checkBest } from './check_best.ts';
import { checkKernels, failIfRefused } from './check_kernels.ts';
import { openDevice, watched, type DeviceOptions } from './device.ts';
import { lower, unsupported } from './lower.ts';
import { GpuMemory } from './memory.ts';
import { pipelineKey, Pipelines, type Kernel } from './pipelines.ts';
import { planProgram } from './plan.ts';
import { GpuProgram } from './program.ts';
import { hasKernel } from './sources.ts';
import { uploadWeights } from './upload.ts';
import { choosePlain, type Chooser } from './variants.ts';
import { Weights } from './weights.ts';

/** What a backend is opened for. */
export interface WebgpuOptions {
  /** Where GPUs are found: `navigator.gpu`, or what brings it to Node. */
  readonly gpu: GPU;
  readonly weights: readonly Tensor[];
  /** What every session will run. */
  readonly graph: Graph;
  /** A part of it that sessions run as often. */
  readonly part?: Graph | undefined;
  readonly activations?: ActivationKind | undefined;
  /** Of less able devices, for tests. */
  readonly device?: DeviceOptions | undefined;
  /** The kernels of products; default: the plain ones. */
  readonly choose?: Chooser | undefined;
  /** Tests that compare each kernel themselves leave the check of the upload out. */
  readonly checks?: boolean;
}

/** A backend on a device. */
export interface WebgpuBackend extends Backend {
  readonly gpu: GpuReport;
  /**
   * Takes room for weights, and sees that there is some for a session, before anything is read. An upload does it where nobody did.
   * @throws ResourceError
   */
  reserve(weights: readonly Tensor[]): Promise<void>;
}

/** Threads of a workgroup, for kernels that are not tuned: every device takes so many. */
const THREADS = 64;

/**
 * Opens a device, and a backend on it. Its upload checks each kernel that the graphs need.
 * @throws UnsupportedError, ResourceError where there is no device.
 */
export async function createWebgpuBackend(options: WebgpuOptions): Promise<WebgpuBackend> {
  const { activations = 'exact', graph, part = graph } = options;
  const gpu = await openDevice(options.gpu, options.device);
  const { device, info } = gpu;
  const title = info.description || [info.vendor, info.architecture].join(' ');
  const memory = new GpuMemory(device, gpu.bindingBytes);
  let bestIsRight = true;
  const home = {
    gpu,
    memory,
    findsBest: () => bestIsRight,
    pipelines: new Pipelines(device),
    weights: new Weights(memory, plainWeights(graph), gpu.bindingBytes),
  };
  const surroundings = { threads: THREADS, bindingBytes: gpu.bindingBytes, choose: options.choose ?? choosePlain };
  const plan = (graph: Graph, keep?: readonly Value[]) => planProgram(graph, surroundings, keep);
  const prepare = (graph: Graph, look?: Look) => new GpuProgram(plan(graph, look?.keep), home, look?.onNode);
  const report = { ...info, checks: [] as readonly KernelCheck[] };
  const callsOf = () => [graph, part].flatMap((each) => lower(each, surroundings).calls);
  const takeRoom = async (tensors: readonly Tensor[]): Promise<void> => {
    await home.weights.reserve(tensors);
    const program = prepare(graph);
    await program.room.finally(() => program.dispose());
  };
  let room: Promise<void> | undefined;
  const reserve = (tensors: readonly Tensor[]): Promise<void> => (room ??= takeRoom(tensors));
  const check = async (read: ReadTensor) => {
    const keyOf = ({ kernel }: { kernel: Kernel }) => pipelineKey(kernel);
    const home = { prepare, read, limits: graph, watched: <T>(run: () => Promise<T>) => watched(device, run) };
    report.checks = await checkKernels({ ...home, calls: callsOf(), keyOf });
    failIfRefused(report.checks, title);
    const best = await checkBest(prepare, colsOf(graph.logits));
    bestIsRight = best.refused === undefined;
    report.checks = [...report.checks, best];
  };
  let disposed = false;
  return {
    name: 'webgpu',
    threads: 1,
    activations,
    gpu: report,
    get isDead() {
      return !disposed && gpu.fault() !== undefined;
    },
    unsupported,
    supports: (quant) => hasKernel(`quants/${quant.name}`),
    reserve,
    async upload(tensors, how) {
      await reserve(tensors);
      for (const { kernel } of callsOf()) home.pipelines.begin(kernel); // they compile while weights are on their way
      await uploadWeights(home, tensors, how);
      if (options.checks !== false) await check(how.readAgain ?? how.read);
    },
    prepare,
    dispose() {
      disposed = true;
      memory.dispose();
      device.destroy();
    },
  };
}
