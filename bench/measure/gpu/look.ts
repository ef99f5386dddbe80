import { gpuQuants } from './quants.ts';
import { gpuName } from './names.ts';

/** Whether there is a GPU to measure. */
export type GpuLook =
  | { readonly name: string; readonly quants: readonly string[]; readonly absent?: undefined }
  | { readonly absent: string };

/** Looks at what the surroundings bring: `navigator.gpu`. */
export async function lookForGpu(gpu: GPU | undefined, isSecure = true): Promise<GpuLook> {
  if (!isSecure) return { absent: 'a page has WebGPU only over https, or from localhost' };
  if (!gpu) return { absent: 'this browser has no WebGPU, or has it switched off' };
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return { absent: 'WebGPU finds no GPU here: its driver may be missing, or on a list of broken ones' };
  return { name: gpuName(adapter.info), quants: gpuQuants.map(({ name }) => name) };
}
