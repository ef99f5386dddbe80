import type { Backend } from '../backends/backend.ts';
import { findAdapter, isFallback } from '../backends/webgpu/device.ts';
import { checkSupported } from '../backends/webgpu/lower.ts';
import { asError, UnsupportedError } from '../base/errors.ts';
import type { GpuObject } from '../platform/gpu.ts';
import type { BackendPlan } from './backend_plan.ts';
import { createGpuBackend, withTypes, type GpuSurroundings } from './gpu_backend.ts';
import { sampleOf, turn, turnSeconds, type ModelSample } from './model_sample.ts';
import { findGpu, notes, runtimeName } from '#platform';

/** What measuring a model on this device came to: seconds of a usual turn. */
interface TurnSeconds {
  readonly gpu: number;
  readonly wasm: number;
}

/**
 * The faster backend for a model. What they take was measured once for the device, or is measured now, on a piece of the model. A GPU that is
 * software, or cannot run the model, is not measured.
 */
export async function createFaster(plan: BackendPlan, around: GpuSurroundings): Promise<Backend> {
  try {
    const given = around.given ?? (await findGpu());
    await checkFaster(plan, { ...around, given });
    return await createGpuBackend(plan, { ...around, given });
  } catch (error) {
    return Object.assign(await around.wasm(plan), { noGpu: reasonOf(asError(error)) });
  }
}

/** What went wrong, without the advice that was taken. */
const reasonOf = ({ message }: Error): string =>
  message.replace(/[;,] (or |else )?open the model with backend: 'wasm'$/, '');

/** @throws Error that says why a GPU should not be taken */
async function checkFaster(plan: BackendPlan, around: GpuSurroundings): Promise<void> {
  const { info, isFallback } = await adapterOf(around.given!);
  if (isFallback) throw new UnsupportedError(`the GPU here is software: ${info}`);
  checkSupported(plan.graph);
  const name = noteName(info, plan);
  const { read, write } = await notes();
  const before = noted(await read(name));
  const seconds = before ?? (await measured(plan, around));
  if (!before) await write(name, seconds);
  if (seconds.gpu >= seconds.wasm) throw new UnsupportedError(whySlower(info, seconds));
}

async function adapterOf(gpu: GpuObject): Promise<{ readonly info: string; readonly isFallback: boolean }> {
  const adapter = await findAdapter(withTypes(gpu));
  const { vendor, architecture, device, description } = adapter.info;
  return { info: [vendor, architecture, device, description].join(' ').trim(), isFallback: isFallback(adapter) };
}

/** What the times depend on. */
function noteName(adapter: string, { graph, weights, options }: BackendPlan): string {
  const { activations = 'exact', threads = 'usual', kvType = 'f16' } = options;
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

function noted(note: unknown): TurnSeconds | undefined {
  const { gpu, wasm } = (note ?? {}) as Partial<TurnSeconds>;
  return typeof gpu === 'number' && typeof wasm === 'number' ? { gpu, wasm } : undefined;
}

async function measured(plan: BackendPlan, around: GpuSurroundings): Promise<TurnSeconds> {
  const sample = sampleOf(plan.graph, plan.weights);
  const sampled = { ...plan, weights: sample.weights, graph: sample.pieces[0]!, part: undefined };
  const options = { ...plan.options, maxSessions: 1, gpuBytes: undefined };
  const gpu = await secondsOn(await createGpuBackend({ ...sampled, options }, { ...around, checks: false }), sample);
  return { gpu, wasm: await secondsOn(await around.wasm({ ...sampled, options }), sample) };
}

async function secondsOn(backend: Backend, sample: ModelSample): Promise<number> {
  try {
    return await turnSeconds(backend, sample);
  } finally {
    await backend.dispose();
  }
}

const whySlower = (info: string, { gpu, wasm }: TurnSeconds): string =>
  `for ${turn.nRead} tokens read and ${turn.nMade} made the GPU (${info}) takes ${gpu.toPrecision(2)} s, the processor ${wasm.toPrecision(2)} s`;
