import { openPath } from '#platform';
import { checkNames } from '../base/checks.ts';
import { ResourceError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import { openGguf, parseShardName } from '../gguf/split.ts';
import { blobSource } from '../store/blob.ts';
import { plainSource } from './model_source.ts';
import type { ModelFiles, ModelSource } from './platform.ts';

/** Opens a model, all shards of it; whoever opens closes `sources`. Streams are read into memory first. */
export async function openModelFile(source: ModelSource, options: OpenFileOptions = {}): Promise<GgufFile> {
  checkNames('option of openModelFile', options, ['signal']);
  const { signal } = options;
  const plain = await plainSource(source, { signal });
  const { first, openSibling } = typeof plain === 'string' ? await openPath(plain) : filesOf(plain);
  try {
    return await openGguf(first, { openSibling, signal });
  } catch (error) {
    await first.close?.();
    throw error;
  }
}

export interface OpenFileOptions {
  readonly signal?: AbortSignal;
}

/** One Blob, or the Files of all shards in any order. */
function filesOf(source: Blob | readonly Blob[]): ModelFiles {
  const blobs = source instanceof Blob ? [source] : source;
  const sources = blobs.map((blob) => blobSource(blob));
  const first = sources.find(({ name }) => parseShardName(name)?.shardIndex === 0) ?? sources[0]!;
  const openSibling = async (name: string) => {
    const found = sources.find((candidate) => candidate.name === name);
    if (found) return found;
    throw new ResourceError(`the shard ${name} is not among the ${sources.length} files given; add it`);
  };
  return { first, openSibling };
}
