import { quantByName } from '../../src/quants/index.ts';
import type { MeasureHost } from './host.ts';
import { wasmHome } from './case_home.ts';
import { openLimits } from './limits.ts';
import { limitNames } from './limit_kernels.ts';
import { matmulCases } from './matmul_cases.ts';
import { measureCases } from './measure_cases.ts';
import { withGpuStep, type GpuStepResult } from './gpu/with_step.ts';
import { merged } from './merged.ts';
import { measureModel, type ModelOptions } from './model_line.ts';
import type { Plan, Step } from './plan.ts';
import type { Ceiling, DeviceResult, KernelLine } from './result.ts';
import { median, spread } from './stats.ts';
import { clockStepMs, interleave } from './timing.ts';

/** What one step adds to a result. */
export type StepResult = Partial<Pick<DeviceResult, 'ceilings' | 'kernels' | 'models'>> & {
  readonly gpu?: GpuStepResult;
};

export interface StepOptions extends ModelOptions {
  readonly host: MeasureHost;
  /** Asked for when a GPU is measured. */
  readonly gpu: () => Promise<GPU>;
}

export async function runStep(step: Step, plan: Plan, options: StepOptions): Promise<StepResult> {
  switch (step.kind) {
    case 'limits':
      return { ceilings: await measureLimits(step.threads, plan, options.host) };
    case 'kernel':
      return { kernels: await measureKernel(step, plan, options.host) };
    case 'model':
      return { models: [(await measureModel({ threads: step.threads }, plan, options)).line] };
    default:
      return { gpu: await (await import('./gpu/run_step.ts')).runGpuStep(step, plan, options) }; // not every device has a GPU
  }
}

const timingOf = ({ timing }: Plan) => ({ ...timing, stepMs: clockStepMs() });

async function measureLimits(threads: number, plan: Plan, host: MeasureHost): Promise<Ceiling[]> {
  const { build } = host.features;
  const limits = await openLimits({ build, threads, sweepBytes: plan.sweepBytes, host });
  try {
    const samples = await interleave(
      limitNames.map((name) => limits[name]),
      timingOf(plan),
    );
    return limitNames.map((limit, i) => ({
      ...{ limit, threads, perSecond: limits[limit].amount / median(samples[i]!) / 1e6, spread: spread(samples[i]!) },
    }));
  } finally {
    await limits.close();
  }
}

/** Mat-vec and matrix product of one type, checked, and in turns with the ceilings. */
async function measureKernel(
  { quant: name, threads }: Extract<Step, { kind: 'kernel' }>,
  plan: Plan,
  host: MeasureHost,
): Promise<KernelLine[]> {
  const quant = quantByName.get(name)!;
  await quant.load?.();
  const { build } = host.features;
  const { sweepBytes } = plan;
  const home = wasmHome({ host, build, threads });
  const limits = await openLimits({ build, threads, sweepBytes, host });
  try {
    const made = await matmulCases(quant, { home, bytes: sweepBytes, activations: ['exact'] });
    try {
      const products = made.cases.filter(({ op }) => op.startsWith('matmul'));
      const lines = await measureCases(products, [], limits, timingOf(plan));
      return lines.map((line) => ({ ...line, threads }));
    } finally {
      await made.close();
    }
  } finally {
    await limits.close();
  }
}

/** A result with what a step found; what the same step found before goes. */
export const withStep = (
  result: DeviceResult,
  { ceilings = [], kernels = [], models = [], gpu }: StepResult,
): DeviceResult => ({
  ...result,
  ceilings: merged(result.ceilings, ceilings, ({ limit, threads }) => `${limit} ${threads}`),
  kernels: merged(result.kernels, kernels, ({ op, name, threads }) => `${op} ${name} ${threads}`),
  models: merged(result.models, models, ({ model, threads }) => `${model} ${threads}`),
  ...(gpu && { gpu: withGpuStep(result.gpu, gpu) }),
});
