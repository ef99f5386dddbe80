import { requireFullBuilds } from '../../scripts/kernel_builds.mjs';
import { writeWgsl } from '../../scripts/wgsl.mjs';

/** Vitest's global setup: tests are of the kernels that ship, and of those of GPUs as they are in kernels/. */
export function setup(): void {
  requireFullBuilds();
  writeWgsl();
}
