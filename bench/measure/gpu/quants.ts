import { hasKernel } from '../../../src/backends/webgpu/sources.ts';
import { quants } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';

/** Types that the GPU has kernels for. */
export const gpuQuants: readonly QuantType[] = quants.filter(({ name }) => hasKernel(`quants/${name}`));
