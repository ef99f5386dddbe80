import type { GgufFile } from '../gguf/read.ts';
import type { DeviceSpeed, Fit, FitOptions } from '../protocol/fit.ts';
import { tellFiles } from './files.ts';
import { deviceMemory, files } from '#platform';

/** `checkFit` in the caller's thread, of a file that is open. */
export async function fitOfFile(file: GgufFile, options: FitOptions, speed?: DeviceSpeed): Promise<Fit> {
  tellFiles(await files());
  const { fitOf } = await import('./fit.ts');
  return fitOf(file, { options, device: await deviceMemory(), speed });
}
