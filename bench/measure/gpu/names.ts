import type { GpuFeature, GpuInfo } from '../../../src/platform/gpu.ts';

/** What results say of GPUs, by name. Pages hold these before anything of a GPU is needed. */

/** How runs on a GPU are timed. `timestamps`: by the GPU itself, around passes; `fences`: by the wall's clock, from the call until all is done. */
export const clockKinds = ['timestamps', 'fences'] as const;
export type ClockKind = (typeof clockKinds)[number];

/**
 * `read` and `copy` are memory's: the bytes that a kernel reads, or reads and writes. The others multiply and add what lies in registers:
 * floats, 16-bit floats, four signed bytes at once. A device without 16-bit floats has no `f16`, and so on.
 */
export const gpuLimitNames = ['read', 'copy', 'f32', 'f16', 'dot'] as const;
export type GpuLimit = (typeof gpuLimitNames)[number];

/**
 * What doing nothing costs. `record`: a dispatch on the CPU, until it is in a pass; `dispatch`: one that waits for the one before it;
 * `pass`: one with a dispatch in it; `submit`: one with a pass in it; `round trip`: writing, a dispatch, and reading back; `upload`: a MiB.
 */
export const costNames = ['record', 'dispatch', 'pass', 'submit', 'round trip', 'upload'] as const;
export type CostName = (typeof costNames)[number];

export const gpuFeatures = ['f16', 'subgroups', 'dots', 'timestamps'] as const satisfies readonly GpuFeature[];

/** What a GPU is called. */
export const gpuName = ({ description, vendor, architecture }: Omit<GpuInfo, 'isFallback' | 'features'>): string =>
  description || [vendor, architecture].filter(Boolean).join(' ') || 'a GPU that does not say which';

/** `64×16`: threads and lanes, or threads, rows and tokens of a tile. */
export const sizesWord = (sizes: Readonly<Record<string, number>>): string => Object.values(sizes).join('×');
