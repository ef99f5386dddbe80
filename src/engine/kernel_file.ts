import type { KernelFile } from '../backends/wasm/kernels.ts';
import { readBeside } from '#platform';

/** Bytes of a file of kernels, seen from dist/node/ or dist/web/. */
export const kernelFile = (file: KernelFile): Promise<Uint8Array<ArrayBuffer>> =>
  readBeside(new URL(`../thimble.${file}.wasm`, import.meta.url));
