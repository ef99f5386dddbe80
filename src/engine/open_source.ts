import type { GgufFile } from '../gguf/read.ts';
import { openFiles, openPlain } from '../platform/model_file.ts';
import type { PlainSource } from '../platform/platform.ts';

/** A model of the store is read where it lies; few programs have one. */
export async function openSource(from: PlainSource, signal: AbortSignal | undefined): Promise<GgufFile> {
  if (typeof from === 'string' || !('stored' in from)) return openPlain(from, { signal });
  const { openStored } = await import('../store/open_stored.ts');
  return openFiles(await openStored(from), { signal });
}
