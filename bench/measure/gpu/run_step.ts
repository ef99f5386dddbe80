import { quantByName } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import type { TimedCase } from '../../../test/cases/op_case.ts';
import { opMakers, quantMakers, type CaseMaker } from '../cases.ts';
import { measureModel, type ModelOptions } from '../model_line.ts';
import type { GpuStep, Plan } from '../plan.ts';
import type { GpuKernelLine } from '../result.ts';
import { gpuOps, measureMaker } from './cases.ts';
import { gpuHome } from './home.ts';
import { sizesWord } from './names.ts';
import { measureGpuLimits, openGpuLimits, type GpuLimits } from './limits.ts';
import type { GpuStepResult } from './with_step.ts';

export interface GpuStepOptions extends ModelOptions {
  readonly gpu: () => Promise<GPU>;
}

/** Ops whose cases a plan measures besides products, with caches of 16-bit floats. */
const OPS: readonly string[] = ['attention', 'kv_store', 'rms_norm', 'rope', 'swiglu', 'add'];

const isPlanned = ({ op, inputs }: TimedCase): boolean =>
  OPS.includes(op.name) && inputs.every(({ role, quant = 'f32' }) => role !== 'state' || quant === 'f16');

export async function runGpuStep(step: GpuStep, plan: Plan, options: GpuStepOptions): Promise<GpuStepResult> {
  if (step.kind === 'gpu model') return gpuModel(plan, options);
  const gpu = await options.gpu();
  const limits = await openGpuLimits(gpu, { sweepBytes: plan.sweepBytes });
  try {
    const { info, clock } = limits;
    const ceilings = await measureGpuLimits(limits, plan.timing);
    if (step.kind === 'gpu limits') return { info, clock, ceilings, costs: await limits.costs() };
    const home = gpuHome({ gpu, limits, ceilings });
    const makers =
      step.kind === 'gpu ops'
        ? opMakers({ home }, gpuOps.filter(isPlanned))
        : quantMakers('matmul', { home, bytes: plan.sweepBytes, activations: ['exact'] }, step.quants.map(quantOf));
    return { kernels: await measureAll(makers, limits, plan, options.onProgress) };
  } finally {
    limits.close();
  }
}

const quantOf = (name: string): QuantType => quantByName.get(name)!;

async function measureAll(
  makers: readonly CaseMaker[],
  { tasks, clock }: GpuLimits,
  { timing }: Plan,
  onProgress?: (doneShare: number) => void,
): Promise<GpuKernelLine[]> {
  const kernels: GpuKernelLine[] = [];
  for (const [i, maker] of makers.entries()) {
    onProgress?.(i / makers.length);
    const { lines, failure } = await measureMaker(maker, tasks, { ...timing, stepMs: clock.stepUs / 1000 });
    kernels.push(...lines.filter(({ op }) => !op.startsWith('embed')));
    if (failure !== undefined) {
      kernels.push({ op: maker.title, name: '', error: Infinity, tolerance: 0, failure: failure.slice(0, 300) });
    }
  }
  return kernels;
}

async function gpuModel(plan: Plan, options: GpuStepOptions): Promise<GpuStepResult> {
  const { line, measured } = await measureModel({ backend: 'webgpu' }, plan, options);
  const { checks = [], choices = [] } = measured.gpu ?? {};
  const named = choices.map(({ kind, variant, sizes, from }) => ({ kind, variant, sizes: sizesWord(sizes), from }));
  return { models: [line], checks, choices: named };
}
