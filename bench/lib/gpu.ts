import { existsSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Timestamps as fine as the driver has them: a browser's are coarse, so that pages cannot spy. */
const TOGGLES = ['disable-dawn-features=timestamp_quantization'];

/** The driver that scripts/software_vulkan.sh brings. */
const softwareDriver = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble/software-vulkan/lvp.json');

/**
 * A GPU in Node: that of the machine's Vulkan driver, or else of the software driver. Deno has one of its own.
 * @throws Error that says what is missing.
 */
export async function findGpu(): Promise<GPU> {
  const own = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (own) return own;
  const dawn = await import('webgpu').catch((error: Error) => {
    throw new Error(`the npm package webgpu does not load here: ${error.message}; npm ci installs it`);
  });
  process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'thimble-')); // drivers want a folder to write to
  const gpu = dawn.create([...TOGGLES]);
  if (await gpu.requestAdapter()) return gpu;
  if (process.env['VK_DRIVER_FILES'] === undefined && existsSync(softwareDriver())) {
    process.env['VK_DRIVER_FILES'] = softwareDriver();
    const other = dawn.create([...TOGGLES]);
    if (await other.requestAdapter()) return other;
  }
  const files = process.env['VK_DRIVER_FILES'];
  const looked = files === undefined ? 'no Vulkan driver was found' : `VK_DRIVER_FILES is ${files}`;
  throw new Error(
    `there is no GPU for WebGPU in Node: ${looked}; install the GPU's driver and libvulkan1, or run scripts/software_vulkan.sh for one on the CPU`,
  );
}
