import { quants } from '../../src/quants/index.ts';
import { decodePhase, prefillPhase, type Phase } from './phases.ts';
import type { TimingOptions } from './timing.ts';

/** One piece of a device's measurement. Pieces know nothing of each other, so that one can be repeated, or fail, on its own. */
export type Step =
  | { readonly kind: 'limits'; readonly threads: number }
  | { readonly kind: 'kernel'; readonly threads: number; readonly quant: string }
  | { readonly kind: 'model'; readonly threads: number }
  | GpuStep;

/** A GPU opens for each of these anew, so that they are few. */
export type GpuStep =
  | { readonly kind: 'gpu limits' }
  | { readonly kind: 'gpu kernels'; readonly quants: readonly string[] }
  | { readonly kind: 'gpu ops' }
  | { readonly kind: 'gpu model' };

export interface Plan {
  readonly name: 'full' | 'quick';
  /** Threads of all but the steps that compare numbers of threads. */
  readonly threads: number;
  readonly steps: readonly Step[];
  readonly sweepBytes: number;
  readonly timing: Omit<TimingOptions, 'stepMs'>;
  readonly phases: readonly Phase[];
  readonly modelRounds: number;
}

export interface PlanOptions {
  readonly name: Plan['name'];
  readonly threads: number;
  /** MiB of weights that a mat-vec goes through: more than caches hold, less than would end a phone's tab. */
  readonly sweepMib: number;
  readonly withModel: boolean;
  /** Types that the GPU has kernels for; absent where there is none to measure. */
  readonly gpuQuants?: readonly string[] | undefined;
}

/** The type whose kernel is measured with every number of threads. */
export const SCALED_QUANT = 'q4_0';

/** Those that most model files have come first. */
const usual = ['q4_0', 'q4_k', 'q6_k', 'q8_0', 'f16', 'q5_k', 'q4_1', 'q5_0', 'q5_1', 'q3_k', 'q2_k'];

/** A look at the kinds of kernels. */
const few = ['q4_0', 'q4_k', 'q8_0', 'f16'];

const decoded = quants.filter(({ dequantize }) => dequantize).map(({ name }) => name);

const kinds = {
  full: {
    quants: [...usual, ...decoded.filter((name) => !usual.includes(name))],
    timing: { rounds: 5, sampleMs: 12, warmUpMs: 100 },
    phases: [prefillPhase(128), decodePhase(24, 16), decodePhase(16, 256)],
    modelRounds: 3,
  },
  quick: {
    quants: few,
    timing: { rounds: 3, sampleMs: 8, warmUpMs: 40 },
    phases: [prefillPhase(64), decodePhase(12, 16)],
    modelRounds: 2,
  },
} as const;

/** 1, 2, 4 … and the last: enough to draw a line through. */
export function threadCounts(most: number): number[] {
  const powers = Array.from({ length: 7 }, (_, i) => 2 ** i).filter((n) => n < most);
  return [...powers, most];
}

/** What to measure, in order: ceilings, thread scaling, kernels, models. */
export function planOf({ name, threads, sweepMib, withModel, gpuQuants }: PlanOptions): Plan {
  const { quants, timing, phases, modelRounds } = kinds[name];
  const counts = threadCounts(threads);
  const scaling = counts.flatMap((n): Step[] => [
    { kind: 'limits', threads: n },
    { kind: 'kernel', threads: n, quant: SCALED_QUANT },
  ]);
  const kernels = quants
    .filter((quant) => quant !== SCALED_QUANT)
    .map((quant): Step => ({ kind: 'kernel', threads, quant }));
  const models = [...new Set([threads, 1])].map((n): Step => ({ kind: 'model', threads: n }));
  return {
    ...{ name, threads, timing, phases, modelRounds },
    steps: [
      ...scaling,
      ...kernels,
      ...(withModel ? models : []),
      ...(gpuQuants ? gpuSteps(quants, gpuQuants, withModel) : []),
    ],
    sweepBytes: sweepMib << 20,
  };
}

/** Types that a step of a GPU measures. */
const GPU_QUANTS = 4;

function gpuSteps(names: readonly string[], gpuQuants: readonly string[], withModel: boolean): GpuStep[] {
  const held = names.filter((name) => gpuQuants.includes(name));
  const groups = Array.from({ length: Math.ceil(held.length / GPU_QUANTS) }, (_, i) =>
    held.slice(i * GPU_QUANTS, (i + 1) * GPU_QUANTS),
  );
  return [
    { kind: 'gpu limits' },
    ...groups.map((quants): GpuStep => ({ kind: 'gpu kernels', quants })),
    { kind: 'gpu ops' },
    ...(withModel ? [{ kind: 'gpu model' } as const] : []),
  ];
}

/** What a step does, for people. */
export function stepTitle(step: Step): string {
  if (!('threads' in step)) return gpuStepTitle(step);
  const threads = step.threads === 1 ? '1 thread' : `${step.threads} threads`;
  const what = { limits: 'Ceilings', kernel: 'quant' in step ? step.quant.toUpperCase() : '', model: 'Model' };
  return `${what[step.kind]}, ${threads}`;
}

function gpuStepTitle(step: GpuStep): string {
  switch (step.kind) {
    case 'gpu limits':
      return 'Ceilings of the GPU';
    case 'gpu kernels':
      return `${step.quants.map((name) => name.toUpperCase()).join(', ')} on the GPU`;
    case 'gpu ops':
      return 'Attention and rows on the GPU';
    case 'gpu model':
      return 'Model on the GPU';
  }
}
