import { openPath } from '#platform';
import { checkNames } from '../base/checks.ts';
import { ResourceError } from '../base/errors.ts';
import type { GgufFile, ReadOptions } from '../gguf/read.ts';
import { openGguf } from '../gguf/open.ts';
import { parseShardName } from '../gguf/shard_names.ts';
import { blobSource } from '../bytes/blob.ts';
import type { HttpOptions } from '../bytes/http.ts';
import { isWebAddress, plainSource } from './model_source.ts';
import type { ModelFiles, ModelSource, NamedBlob, PlainSource, StoredFiles } from './platform.ts';
import { webFiles } from './web_files.ts';

export interface OpenFileOptions extends HttpOptions, ReadOptions {}

/**
 * Opens a model, all shards of it; whoever opens closes `sources`. A web address is read by ranges, its header only; streams are read
 * into memory first. `headers` are for web addresses.
 */
export async function openModelFile(source: ModelSource, options: OpenFileOptions = {}): Promise<GgufFile> {
  checkNames('option of openModelFile', options, ['headers', 'signal', 'keepUnknown']);
  const { keepUnknown, ...http } = options;
  if (isWebAddress(source)) return openFiles(await webFiles(new URL(source), http), options);
  return openPlain(await plainSource(source, http), options);
}

/** `openModelFile`, on the other side of a thread's border. */
export async function openPlain(source: Exclude<PlainSource, StoredFiles>, options: ReadOptions): Promise<GgufFile> {
  return openFiles(await filesFrom(source), options);
}

/** The file that was named, and the way to those beside it. */
export const filesFrom = async (source: Exclude<PlainSource, StoredFiles>): Promise<ModelFiles> =>
  typeof source === 'string' ? openPath(source) : filesOf(source);

/** Opens all shards; those that were opened are closed again where it fails. */
export async function openFiles(
  { first, openSibling }: ModelFiles,
  { signal, keepUnknown }: ReadOptions,
): Promise<GgufFile> {
  try {
    return await openGguf(first, { openSibling, signal, keepUnknown });
  } catch (error) {
    await first.close?.();
    throw error;
  }
}

/** The files of all shards, in any order. */
function filesOf(files: readonly NamedBlob[]): ModelFiles {
  const sources = files.map(({ blob, name }) => blobSource(blob, name));
  const first = sources.find(({ name }) => parseShardName(name)?.shardIndex === 0) ?? sources[0]!;
  const openSibling = async (name: string) => {
    const found = sources.find((candidate) => candidate.name === name);
    if (found) return found;
    throw new ResourceError(`the shard ${name} is not among the ${sources.length} files given; add it`);
  };
  return { first, openSibling };
}
