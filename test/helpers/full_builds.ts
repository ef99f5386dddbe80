/** Vitest's global setup: tests are of the kernels that ship. */
export { requireFullBuilds as setup } from '../../scripts/kernel_builds.mjs';
