import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asError, UnsupportedError } from '../base/errors.ts';
import type { GpuObject } from './gpu.ts';

/** The npm package that brings WebGPU to Node. */
const PACKAGE = 'webgpu';

interface GpuPackage {
  create(flags: readonly string[]): GpuObject;
}

/**
 * Deno has a GPU object of its own. In Node a package makes one, where it is installed: beside the library, or in the folder that the process
 * runs in.
 */
export async function findGpu(): Promise<GpuObject> {
  const { gpu } = (globalThis as { navigator?: { gpu?: GpuObject } }).navigator ?? {};
  return gpu ?? (made ??= (await gpuPackage()).create([]));
}

/** It is held for as long as the thread lives: Dawn ends the process when its object is collected. */
let made: GpuObject | undefined;

async function gpuPackage(): Promise<GpuPackage> {
  const file = packageFile(import.meta.url) ?? packageFile(join(process.cwd(), 'any.js'));
  if (file === undefined) {
    const came = `Node has no WebGPU of its own, and the package that brings it, ${PACKAGE}, is not installed`;
    throw new UnsupportedError(`${came}; npm install ${PACKAGE}, or open the model with backend: 'wasm'`);
  }
  const loaded = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
    const why = `the package ${PACKAGE} cannot be loaded: ${asError(cause).message}`;
    throw new UnsupportedError(`${why}; it may have no build for this system; open the model with backend: 'wasm'`, {
      cause,
    });
  })) as Partial<GpuPackage>;
  if (typeof loaded.create === 'function') return loaded as GpuPackage;
  const came = `the package ${PACKAGE} that is installed makes no GPU objects`;
  throw new UnsupportedError(`${came}; npm install ${PACKAGE}@latest`);
}

/** The package's script, as a module in `from` would find it. */
function packageFile(from: string): string | undefined {
  try {
    return createRequire(from).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}
