import type { ByteSource } from '../bytes/source.ts';
import { readGguf } from './read.ts';
import type { GgufFile, ReadOptions } from './read.ts';
import type { OpenSibling } from './shards.ts';

export interface OpenGgufOptions extends ReadOptions {
  /** Opens the file of that name beside the first one. */
  readonly openSibling: OpenSibling;
}

/**
 * Opens a model that may be split, by its first or only file. Sources opened here are closed again on failure; on success
 * they are the caller's, as `sources`.
 * @throws what `readGguf` throws; FormatError where `first` is another shard than the first, or shards do not belong together;
 *   ResourceError where a shard is missing.
 */
export async function openGguf(
  first: ByteSource,
  { openSibling, signal, keepUnknown }: OpenGgufOptions,
): Promise<GgufFile> {
  const reading = { signal, keepUnknown };
  const file = await readGguf(first, reading);
  const nShards = file.metadata.u32('split.count', 0);
  if (nShards <= 1) return file;
  const { openShards } = await import('./shards.ts'); // few models are split
  return openShards(file, nShards, openSibling, reading);
}
