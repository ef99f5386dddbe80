import type { Backend } from '../backends/backend.ts';
import { findAdapter, isFallback, reasonOf } from '../backends/webgpu/device.ts';
import { checkSupported } from '../backends/webgpu/lower.ts';
import { bytesOfGraph } from '../backends/split/plan.ts';
import { defaultThreads } from '../backends/wasm/wasm.ts';
import { asError, UnsupportedError } from '../base/errors.ts';
import { inBytes } from '../base/in_bytes.ts';
import { detectFeatures } from '../platform/features.ts';
import type { GpuObject } from '../platform/gpu.ts';
import { memoryBytes, type BackendPlan } from './backend_plan.ts';
import { createGpuBackend, withTypes, type GpuSurroundings } from './gpu_backend.ts';
import { gpuOrWasm } from './gpu_or_wasm.ts';
import { sampleOf, turn, turnSeconds, type ModelSample } from './model_sample.ts';
import { findGpu, nCores, notes, runtimeName } from '#platform';

/** What measuring a model on this device came to: seconds of a usual turn. */
interface TurnSeconds {
  readonly gpu: number;
  readonly wasm: number;
}

/** Why the GPU was refused: a kernel of it is wrong. */
interface Refused {
  readonly refused: string;
}

/**
 * The faster backend for a model. What they take was measured once for the device, or is measured now, on a piece of the model. A GPU that is
 * software, or cannot run the model, is not measured. One that fails later, while the model is loaded, gives its place to WebAssembly, too.
 */
export async function createFaster(plan: BackendPlan, around: GpuSurroundings): Promise<Backend> {
  const onWasm = async (why: Error) => Object.assign(await around.wasm(plan), { noGpu: reasonOf(why) });
  try {
    const given = around.given ?? (await findGpu());
    await checkFaster(plan, { ...around, given });
    return gpuOrWasm(await createGpuBackend(plan, { ...around, given }), onWasm);
  } catch (error) {
    plan.signal?.throwIfAborted();
    return onWasm(asError(error));
  }
}

/** @throws Error that says why a GPU should not be taken */
async function checkFaster(plan: BackendPlan, around: GpuSurroundings): Promise<void> {
  const { info, isFallback } = await adapterOf(around.given!);
  if (isFallback) throw new UnsupportedError(`the GPU here is software: ${info}`);
  checkSupported(plan.graph);
  await checkMemory(plan, around.maxSessions);
  const name = noteName(info, plan);
  const { read, write } = await notes();
  const before = noted(await read(name));
  const found = before ?? (await measured(plan, around));
  if (!before) await write(name, found);
  if ('refused' in found) throw new UnsupportedError(found.refused);
  if (found.gpu >= found.wasm) throw new UnsupportedError(whySlower(info, found));
}

/** Where a GPU's memory is the processor's, as in phones, a model on it takes what `memory` says it may not. No GPU tells. */
async function checkMemory({ graph, weights, options }: BackendPlan, maxSessions: number): Promise<void> {
  const needed = bytesOfGraph(graph, weights, maxSessions);
  const most = (await memoryBytes(options)) ?? Infinity;
  if (options.gpuBytes !== undefined || needed <= most) return;
  const came = `the model takes ${inBytes(needed)}, memory allows ${inBytes(most)}, and a GPU's memory may be the same`;
  throw new UnsupportedError(`${came}; say how much of it the model may take, too: gpuBytes`);
}

async function adapterOf(gpu: GpuObject): Promise<{ readonly info: string; readonly isFallback: boolean }> {
  const adapter = await findAdapter(withTypes(gpu));
  const { vendor, architecture, device, description } = adapter.info;
  return { info: [vendor, architecture, device, description].join(' ').trim(), isFallback: isFallback(adapter) };
}

/** What the times depend on. */
function noteName(adapter: string, { graph, weights, options }: BackendPlan): string {
  const { activations = 'exact', kvType = 'f16' } = options;
  const features = detectFeatures();
  const threads = (features.sharedMemory && options.threads) || defaultThreads({ features, nCores: nCores() });
  const shapes = new Map<string, number>();
  for (const { quant, shape } of weights) {
    const kind = `${quant.name} ${shape.join('x')}`;
    shapes.set(kind, (shapes.get(kind) ?? 0) + 1);
  }
  const model = [...shapes].map(([kind, n]) => `${n} ${kind}`).join(', ');
  const how = `${activations}, ${kvType}, ${threads} threads, ${graph.nodes.length} nodes`;
  return `turn ${NOTE_VERSION}: ${adapter}; ${runtimeName()}; ${how}; ${model}`;
}

/** Of the kernels: what older ones took says nothing. */
const NOTE_VERSION = 1;

function noted(note: unknown): TurnSeconds | Refused | undefined {
  const { gpu, wasm, refused } = (note ?? {}) as Partial<TurnSeconds & Refused>;
  if (typeof refused === 'string') return { refused };
  return typeof gpu === 'number' && typeof wasm === 'number' ? { gpu, wasm } : undefined;
}

async function measured(plan: BackendPlan, around: GpuSurroundings): Promise<TurnSeconds | Refused> {
  const sample = sampleOf(plan.graph, plan.weights);
  const sampled = { ...plan, weights: sample.weights, graph: sample.pieces[0]!, part: undefined };
  const options = { ...plan.options, maxSessions: 1, gpuBytes: undefined, memory: undefined, preferCached: undefined };
  const gpu = await createGpuBackend({ ...sampled, options }, { ...around, isSample: true })
    .then((backend) => secondsOn(backend, sample, plan.signal))
    .catch(refusal);
  if (typeof gpu === 'object') return gpu;
  return { gpu, wasm: await secondsOn(await around.wasm({ ...sampled, options }), sample, plan.signal) };
}

/** What would be the same each time. @throws whatever else went wrong */
function refusal(error: unknown): Refused {
  if (!(error instanceof UnsupportedError)) throw error;
  return { refused: reasonOf(error) };
}

async function secondsOn(backend: Backend, sample: ModelSample, signal: AbortSignal | undefined): Promise<number> {
  try {
    return await turnSeconds(backend, sample, signal);
  } finally {
    await backend.dispose();
  }
}

const whySlower = (info: string, { gpu, wasm }: TurnSeconds): string =>
  `for ${turn.nRead} tokens read and ${turn.nMade} made the GPU (${info}) takes ${gpu.toPrecision(2)} s, the processor ${wasm.toPrecision(2)} s`;
