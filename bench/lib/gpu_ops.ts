import type { Chooser } from '../../src/backends/webgpu/variants.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import type { GpuFeature, GpuReport } from '../../src/platform/gpu.ts';
import { gpuMakers, measureMaker, missingOps, type MadeLines } from '../measure/gpu/cases.ts';
import type { GpuCost } from '../measure/gpu/costs.ts';
import { gpuHome } from '../measure/gpu/home.ts';
import { measureGpuLimits, openGpuLimits, type GpuCeiling, type GpuLimits } from '../measure/gpu/limits.ts';
import { gpuName } from '../measure/gpu/names.ts';
import { variantMakers } from '../measure/gpu/variant_cases.ts';
import { lineCells, lineHead } from '../measure/measure_cases.ts';
import { digits, percent } from '../measure/stats.ts';
import type { TimingOptions } from '../measure/timing.ts';
import { findGpu } from './gpu.ts';
import { table } from './table.ts';

/** What is measured of a GPU in Node or Deno. */
export interface GpuOpsOptions {
  /** Cases by op and name, or `limits` for no cases. */
  readonly only: RegExp;
  readonly bytes: number;
  readonly activations: readonly ActivationKind[];
  readonly timing: TimingOptions;
  /** Optional abilities that kernels may use. Default: all that there are. */
  readonly features?: readonly GpuFeature[] | undefined;
  readonly shape?: { readonly rows: number; readonly cols: number } | undefined;
  readonly prefill?: number | undefined;
  /** Products by every variant of their kernels, instead: `all` with every size of workgroups and tiles. */
  readonly variants?: 'first' | 'all' | undefined;
}

export interface GpuOps extends Pick<GpuLimits, 'info' | 'clock'> {
  readonly ceilings: readonly GpuCeiling[];
  readonly costs: readonly GpuCost[];
  readonly made: readonly ({ readonly title: string } & MadeLines)[];
}

/** Ceilings and costs, then every case in turns with the ceilings. */
export async function measureGpuOps(options: GpuOpsOptions): Promise<GpuOps> {
  const { only, bytes, activations, timing, features, shape, prefill, variants } = options;
  const gpu = await findGpu();
  const limits = await openGpuLimits(gpu, { sweepBytes: bytes });
  try {
    const { info, clock } = limits;
    const ceilings = await measureGpuLimits(limits, timing);
    const costs = await limits.costs();
    const device = features && { features };
    const homeOf = (choose?: Chooser) => gpuHome({ gpu, limits, ceilings, device, choose });
    const has = (feature: GpuFeature): boolean => (features ?? info.features).includes(feature);
    const able = { has, activations: 'fast', workgroupBytes: limits.workgroupBytes } as const;
    const shared = { bytes, activations, shape, prefill };
    const makers = variants
      ? variantMakers({ ...shared, homeOf, able, withSizes: variants === 'all' })
      : gpuMakers({ ...shared, home: homeOf() });
    const made: ({ readonly title: string } & MadeLines)[] = [];
    for (const maker of makers) {
      if (!only.test(maker.title)) continue;
      process.stderr.write(`${maker.title} …\n`);
      const came = await measureMaker(maker, limits.tasks, { ...timing, stepMs: clock.stepUs / 1000 });
      made.push({ title: maker.title, ...came });
    }
    return { info, clock, ceilings, costs, made };
  } finally {
    limits.close();
  }
}

/** Whether every case that was measured was right. */
export const isRight = ({ made }: GpuOps): boolean =>
  made.every(({ lines, failure }) => failure === undefined && lines.every(({ timing }) => timing));

/** Tables, for people. */
export function gpuTables({ info, clock, ceilings, costs, made }: GpuOps): string {
  const ceilingRows = ceilings.map(({ limit, perSecond, spread }) => [
    ...[limit, digits(perSecond), limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s', percent(spread)],
  ]);
  const costRows = costs.map(({ cost, us, spread }) => [
    ...[cost === 'upload' ? 'upload of a MiB' : cost, digits(us), percent(spread)],
  ]);
  const rows = made.flatMap(({ title, lines, failure }) =>
    failure === undefined
      ? lines.map((line) => [...lineCells(line), line.kernels ?? ''])
      : [[title, '', 'failed', ...lineHead.slice(3).map(() => ''), failure.slice(0, 120)]],
  );
  return [
    `${gpuName(info)}${info.isFallback ? ', software on the CPU' : ''}; features: ${info.features.join(', ') || 'none'}`,
    clockWords(clock),
    table(['limit', 'per second', 'unit', '±'], ceilingRows),
    table(['cost of one', 'µs', '±'], costRows),
    ...(rows.length > 0 ? [table([...lineHead, 'kernels'], rows, 2)] : []),
    ...(missingOps.length > 0 ? [`no kernel on the GPU: ${missingOps.join(', ')}`] : []),
  ].join('\n\n');
}

/** How times were taken. */
export function clockWords({ kind, why, stepUs, roundTripMs }: GpuOps['clock']): string {
  const trip = `a round trip takes ${digits(roundTripMs)} ms`;
  if (kind === 'timestamps') return `timed by the GPU's timestamps, in steps of ${digits(stepUs)} µs; ${trip}`;
  return `timed by fences, from the call until all is done, because ${why}; ${trip}`;
}

/** What the checks at a model's opening came to. */
export function checksTable(gpu: GpuReport): string {
  const rows = gpu.checks.map(({ kernel, nPipelines, error, refused }) => [
    ...[kernel, refused ?? 'right', String(nPipelines), error?.toExponential(0) ?? '–'],
  ]);
  return `${gpuName(gpu)}\n\n${table(['kernel', 'check', 'pipelines', 'error'], rows, 2)}`;
}
