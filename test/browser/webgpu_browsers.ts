import { appendFileSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { chooseDriver, softwareDriver } from '../helpers/dawn.ts';
import { browsers, type Browser } from './browsers.ts';

/** Browsers with WebGPU on the CPU. */

const { chromium, firefox } = browsers;

/** What scripts/chromium_f16.sh makes. */
const f16Folder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'thimble/chromium-f16');

const swiftshader: Browser = {
  ...chromium,
  name: 'chromium on SwiftShader',
  launch: (url, profile, flags) =>
    chromium.launch(url, profile, [...flags, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']),
};

/** On lavapipe, which it takes for SwiftShader: shader-f16, and pipelines in a tenth of the time. */
const f16: Browser = {
  ...chromium,
  name: 'chromium with f16',
  packages: 'chromium gcc, then scripts/chromium_f16.sh',
  launch(url, profile, flags) {
    const launch = chromium.launch(url, profile, [...flags, '--enable-unsafe-webgpu']);
    const program = join(f16Folder(), 'chromium/chromium');
    if (!launch || !existsSync(program)) return undefined;
    const [, ...args] = launch.command;
    const env = {
      VK_DRIVER_FILES: join(f16Folder(), 'driver.json'),
      THIMBLE_LAVAPIPE: join(dirname(softwareDriver()), 'libvulkan_lvp.so'),
    };
    return { command: [program, ...args], env };
  },
};

const firefoxPrefs = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
};

/** Its WebGPU is Deno's: wgpu, on the driver that Vulkan finds. */
const firefoxGpu: Browser = {
  ...firefox,
  name: 'firefox with WebGPU',
  packages: 'firefox-esr, then scripts/software_vulkan.sh',
  launch(url, profile, flags) {
    chooseDriver();
    const launch = firefox.launch(url, profile, flags);
    if (!launch || !existsSync(process.env['VK_DRIVER_FILES'] ?? '')) return undefined;
    const lines = Object.entries(firefoxPrefs).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${value});\n`,
    );
    appendFileSync(join(profile, 'user.js'), lines.join(''));
    return launch;
  },
};

export const webgpuBrowsers = { swiftshader, f16, firefox: firefoxGpu } as const;
