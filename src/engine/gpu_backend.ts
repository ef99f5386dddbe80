import type { Backend } from '../backends/backend.ts';
import { partOf, type GraphPart } from '../backends/split/cut.ts';
import { bytesOfGraph, planSplit, type SplitPlan } from '../backends/split/plan.ts';
import { cutFor, splitBackend } from '../backends/split/split.ts';
import { checkSupported } from '../backends/webgpu/lower.ts';
import { createWebgpuBackend } from '../backends/webgpu/webgpu.ts';
import { ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import type { Graph } from '../graph/graph.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { BackendFactory, BackendPlan } from './backend_plan.ts';
import { findGpu, notes, runtimeName } from '#platform';

/** The parts of the world around a GPU backend. */
export interface GpuSurroundings {
  /** The caller's own GPU object; else this thread's is looked for. */
  readonly given: GpuObject | undefined;
  /** Opens a backend for what the GPU has no room for. */
  readonly wasm: BackendFactory;
  readonly maxSessions: number;
}

/** A model on the GPU: all of it, or as many of its last layers as `gpuBytes` has room for, the others on WebAssembly. */
export async function createGpuBackend(plan: BackendPlan, around: GpuSurroundings): Promise<Backend> {
  const { weights, graph, options } = plan;
  const { given, maxSessions } = around;
  checkSupported(graph);
  const gpu = given ?? (await findGpu());
  const { gpuBytes: mostBytes = Infinity } = options;
  const wholeBytes = bytesOfGraph(graph, weights, maxSessions);
  if (wholeBytes <= mostBytes) return onGpu(plan, gpu);
  const split = planSplit({ graph, weights, maxSessions, mostBytes });
  if (split) return inTwoParts(plan, split, { ...around, given: gpu });
  const came = `gpuBytes is ${counted(mostBytes)}, too few for the model's last matrix`;
  const help = `give more (all of it takes ${counted(wholeBytes)}), or open the model with backend: 'wasm'`;
  throw new ResourceError(`${came}; ${help}`);
}

async function onGpu({ weights, graph, part, options }: BackendPlan, gpu: GpuObject): Promise<Backend> {
  const { activations } = options;
  const kept = { notes: await notes(), runtime: runtimeName() };
  return createWebgpuBackend({ gpu: withTypes(gpu), weights, graph, part, activations, ...kept });
}

async function inTwoParts(plan: BackendPlan, split: SplitPlan, { given, wasm }: GpuSurroundings): Promise<Backend> {
  const { ofFirst, ofSecond } = split;
  const [before, behind] = halvesOf(plan.part, split);
  const share = (names: ReadonlySet<string>) => plan.weights.filter(({ name }) => names.has(name));
  const second = await onGpu(
    { ...plan, weights: share(ofSecond), graph: split.second.graph, part: behind?.graph },
    given!,
  );
  try {
    const { graph, gives: keep } = split.first;
    const first = await wasm({ ...plan, weights: share(ofFirst), graph, keep, part: before?.graph });
    return splitBackend({ first, second, ofFirst, ofSecond });
  } catch (error) {
    await second.dispose();
    throw error;
  }
}

/** The smaller graph that sessions run as often, in the same two parts. */
function halvesOf(graph: Graph | undefined, split: SplitPlan): readonly (GraphPart | undefined)[] {
  if (!graph) return [];
  const at = cutFor(graph, split);
  return [partOf(graph, 0, at), partOf(graph, at, graph.nodes.length)];
}

/** WebGPU as its specification has it; whoever brings something else is told by the first call. */
export const withTypes = (gpu: GpuObject): GPU => gpu as GPU;
