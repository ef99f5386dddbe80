import { openPath } from '#platform';
import { ResourceError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import { openGguf, parseShardName } from '../gguf/split.ts';
import { blobSource } from '../store/blob.ts';
import type { ModelFiles, ModelSource } from './platform.ts';

/** Opens a model, all shards of it; whoever opens closes `sources`. */
export async function openModelFile(
  source: ModelSource,
  signal?: AbortSignal,
  keepUnknown?: boolean,
): Promise<GgufFile> {
  const { first, openSibling } = typeof source === 'string' ? await openPath(source) : filesOf(source);
  try {
    return await openGguf(first, { openSibling, signal, keepUnknown });
  } catch (error) {
    await first.close?.();
    throw error;
  }
}

/** One Blob, or the Files of all shards in any order. */
function filesOf(source: Blob | readonly Blob[]): ModelFiles {
  const blobs = source instanceof Blob ? [source] : source;
  if (!Array.isArray(blobs) || blobs.length === 0 || !blobs.every((blob) => blob instanceof Blob)) {
    throw new TypeError('the model source is not a path, a Blob, or a list of Blobs');
  }
  const sources = blobs.map((blob) => blobSource(blob));
  const first = sources.find(({ name }) => parseShardName(name)?.shardIndex === 0) ?? sources[0]!;
  const openSibling = async (name: string) => {
    const found = sources.find((candidate) => candidate.name === name);
    if (found) return found;
    throw new ResourceError(`the shard ${name} is not among the ${sources.length} files given; add it`);
  };
  return { first, openSibling };
}
