import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwareDriver } from '../../scripts/software_gpu.mjs';

/**
 * WebGPU in Node for tests: Dawn, which is Chromium's, on the software Vulkan of scripts/software_vulkan.sh, or on whatever Vulkan driver
 * the machine has. The driver reads the environment once in a process's life, so a test file has one kind of device; vitest gives each
 * file a process of its own.
 */

export interface DawnWish {
  /** Lanes of a subgroup, which the software driver takes from the width of its vectors; absent: what it likes best. */
  readonly subgroupSize?: 4 | 8 | 16;
}

/** A GPU to test on, or why there is none. */
export type FoundGpu =
  { readonly gpu: GPU; readonly absent?: undefined } | { readonly gpu?: undefined; readonly absent: string };

/** Points Vulkan's loader to the software driver, unless the environment names one. Also for processes that this one starts. */
export function chooseDriver({ subgroupSize }: DawnWish = {}): void {
  const driver = softwareDriver();
  if (driver) process.env['VK_DRIVER_FILES'] ??= driver;
  process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'thimble-')); // the driver wants a folder to write to
  if (subgroupSize) process.env['LP_NATIVE_VECTOR_WIDTH'] = String(32 * subgroupSize);
}

/** Finds a GPU, with a message where there is none. Call it once in a file, before anything loads Dawn. */
export async function findDawn(wish: DawnWish = {}): Promise<FoundGpu> {
  const found = await lookForDawn(wish);
  if (found.absent !== undefined) console.warn(`WebGPU in Node is not tested: ${found.absent}`);
  return found;
}

/** Dawn ends the process when it is collected. */
const held: GPU[] = [];

async function lookForDawn(wish: DawnWish): Promise<FoundGpu> {
  chooseDriver(wish);
  const dawn = await import('webgpu').catch((error: Error) => error);
  if (dawn instanceof Error) return { absent: `the npm package webgpu does not load here: ${dawn.message}` };
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  held.push(gpu);
  const adapter = await gpu.requestAdapter();
  if (!adapter) return { absent: 'no Vulkan driver that Dawn takes; scripts/software_vulkan.sh brings one' };
  const { subgroupMinSize, subgroupMaxSize, description } = adapter.info;
  const { subgroupSize = subgroupMinSize } = wish;
  if (subgroupMinSize === subgroupSize && subgroupMaxSize === subgroupSize) return { gpu };
  return {
    absent: `subgroups of ${description} have ${subgroupMinSize} to ${subgroupMaxSize} lanes, not ${subgroupSize}`,
  };
}
