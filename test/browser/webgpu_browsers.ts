import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumF16 } from '../../scripts/software_gpu.mjs';
import { chooseDriver } from '../helpers/dawn.ts';
import { browsers, type Browser } from './browsers.ts';

/** Browsers with WebGPU on the CPU. */

const { chromium, firefox } = browsers;

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
    const found = chromiumF16();
    return launch && found && { command: [found.program, ...launch.command.slice(1)], env: found.env };
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
