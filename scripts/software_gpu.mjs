/** Where software_vulkan.sh and chromium_f16.sh put what they make. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = () => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble');

/** The file that names the software driver, for VK_DRIVER_FILES; undefined where there is none. */
export function softwareDriver() {
  const file = join(cache(), 'software-vulkan/lvp.json');
  return existsSync(file) ? file : undefined;
}

/** A Chromium whose WebGPU on the CPU has f16, and the environment that it wants; undefined where there is none. */
export function chromiumF16() {
  const program = join(cache(), 'chromium-f16/chromium/chromium');
  if (!existsSync(program) || !softwareDriver()) return undefined;
  return {
    program,
    env: {
      VK_DRIVER_FILES: join(cache(), 'chromium-f16/driver.json'),
      THIMBLE_LAVAPIPE: join(cache(), 'software-vulkan/libvulkan_lvp.so'),
    },
  };
}
