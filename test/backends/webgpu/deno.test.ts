import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { chooseDriver } from '../../helpers/dawn.ts';
import { allTitles, bundled, denoPath, reportsInDeno, testReports, variantNames } from './elsewhere.ts';

/** Deno's WebGPU is wgpu, and its compiler of WGSL is naga: Firefox has the same. */

chooseDriver();

function absence(): string | undefined {
  if (!denoPath()) return 'there is no deno on the PATH; npm install -g deno brings it';
  if (existsSync(process.env['VK_DRIVER_FILES'] ?? '')) return undefined;
  return 'there is no Vulkan driver; scripts/software_vulkan.sh brings one';
}

const absent = absence();
if (absent) console.warn(`WebGPU in Deno is not tested: ${absent}`);

/** It has f16, but naga takes no halves for the bits of a word: what does not compile is refused, and a plain kernel runs. */
const features = ['dots'] as const;
const titles = [...allTitles, ...variantNames(features)];

describe.skipIf(absent)('Deno agrees with the definition of each op, and each variant', () => {
  testReports(titles, async () => reportsInDeno(await bundled('in_deno.ts', 'node'), { titles, features }));
});
