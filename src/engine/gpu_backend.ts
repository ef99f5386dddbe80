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
  /** A piece of a model, with numbers that are made up: which kernels are fastest for it is not noted. */
  readonly isSample?: boolean;
}

/** Parts of a model that are tried where the GPU has no room for more. */
const SHARES = [1, 0.75, 0.5, 0.25];

/**
 * A model on the GPU: all of it, or as many of its last layers as `gpuBytes` allows and the GPU has room for. The layers before run on
 * WebAssembly.
 */
export async function createGpuBackend(plan: BackendPlan, around: GpuSurroundings): Promise<Backend> {
  const { weights, graph, options } = plan;
  checkSupported(graph);
  const given = around.given ?? (await findGpu());
  const wholeBytes = bytesOfGraph(graph, weights, around.maxSessions);
  const { gpuBytes = wholeBytes } = options;
  let failure: ResourceError | undefined;
  for (const share of SHARES) {
    try {
      return await createWithin(share * Math.min(gpuBytes, wholeBytes), plan, { ...around, given, wholeBytes });
    } catch (error) {
      if (!(error instanceof ResourceError)) throw error;
      failure ??= error;
    }
  }
  throw failure!;
}

/** The same with a GPU object that was found. */
type OnGpu = GpuSurroundings & { readonly given: GpuObject };

/** @throws ResourceError where the GPU has no room. */
async function createWithin(
  mostBytes: number,
  plan: BackendPlan,
  around: OnGpu & { readonly wholeBytes: number },
): Promise<Backend> {
  const { weights, graph } = plan;
  const { maxSessions, wholeBytes } = around;
  if (wholeBytes <= mostBytes) return onGpu(plan, around);
  const split = planSplit({ graph, weights, maxSessions, mostBytes });
  if (split) return inTwoParts(plan, split, around);
  const came = `the model's last matrix takes more than the ${counted(mostBytes)} bytes that there are of the GPU's memory`;
  const help = `give more gpuBytes (all of it takes ${counted(wholeBytes)}), or open the model with backend: 'wasm'`;
  throw new ResourceError(`${came}; ${help}`);
}

/** Room is asked for at once: whether there is some decides about how much of a model a GPU gets. */
async function onGpu({ weights, graph, part, options }: BackendPlan, { given, isSample }: OnGpu): Promise<Backend> {
  const { activations } = options;
  const how = { activations, notes: isSample ? undefined : await notes(), runtime: runtimeName() };
  const backend = await createWebgpuBackend({ gpu: withTypes(given), weights, graph, part, ...how });
  try {
    await backend.reserve(weights);
    return backend;
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

async function inTwoParts(plan: BackendPlan, split: SplitPlan, around: OnGpu): Promise<Backend> {
  const { ofFirst, ofSecond } = split;
  const [before, behind] = halvesOf(plan.part, split);
  const share = (names: ReadonlySet<string>) => plan.weights.filter(({ name }) => names.has(name));
  const second = await onGpu(
    { ...plan, weights: share(ofSecond), graph: split.second.graph, part: behind?.graph },
    around,
  );
  try {
    const { graph, gives: keep } = split.first;
    const first = await around.wasm({ ...plan, weights: share(ofFirst), graph, keep, part: before?.graph });
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
