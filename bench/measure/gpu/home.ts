import type { DeviceOptions } from '../../../src/backends/webgpu/device.ts';
import type { Chooser } from '../../../src/backends/webgpu/variants.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import type { CaseHome } from '../case_home.ts';
import { leastRunMs, timedBy } from './clock.ts';
import type { GpuCeiling, GpuLimits } from './limits.ts';
import type { GpuLimit } from './names.ts';
import { watchedGpu } from './stopwatch.ts';

/** A dispatch on most devices: a guess that decides how long runs are, and nothing else. */
const DISPATCH_MS = 0.004;
/** Where timestamps tell, many short runs say as much as a long one. */
const LEAST_STAMPED_MS = 1;
const MOST_NODES = 2000;

export interface GpuHomeOptions {
  readonly gpu: GPU;
  readonly limits: GpuLimits;
  readonly ceilings: readonly GpuCeiling[];
  /** Less than all that the device has, for kernels that do without. */
  readonly device?: DeviceOptions | undefined;
  /** Kernels of products; default: those of the backend. */
  readonly choose?: Chooser | undefined;
}

/** The backend on a GPU, with an eye on its passes. */
export function gpuHome({ gpu, limits: { clock }, ceilings, device, choose }: GpuHomeOptions): CaseHome {
  const wantedMs = clock.kind === 'fences' ? leastRunMs(clock) : LEAST_STAMPED_MS;
  const speed = (limit: GpuLimit): number => ceilings.find((one) => one.limit === limit)?.perSecond ?? 0;
  const floats = speed('f16') > speed('f32') ? 'f16' : 'f32';
  return {
    async open({ maxSessions: _, ...plan }) {
      const { gpu: watched, stopwatch } = watchedGpu(gpu);
      const backend = await createWebgpuBackend({ ...plan, gpu: watched, device, choose });
      return { backend, timed: timedBy(clock, stopwatch()) };
    },
    macsOf: () => floats,
    repeatsOf({ nNodes, bytes }) {
      const ms = nNodes * DISPATCH_MS + bytes / speed('read') / 1e6;
      return Math.max(1, Math.min(Math.ceil(wantedMs / ms), Math.floor(MOST_NODES / nNodes)));
    },
    leeway: 4,
    tellsKernels: true,
  };
}
