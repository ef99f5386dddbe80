import type { KernelFile } from '../backends/wasm/kernels.ts';
import { fileNamed } from './files.ts';
import { readBeside } from '#platform';

/** Bytes of a file of kernels. */
export const kernelFile = (file: KernelFile): Promise<Uint8Array<ArrayBuffer>> =>
  readBeside(fileNamed(`thimble.${file}`));
