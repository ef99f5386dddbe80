import { ResourceError } from '../errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import { openGguf, parseShardName } from '../gguf/split.ts';
import { blobSource } from '../store/blob.ts';

/** Opens a model from one Blob, or from the Files of all its shards in any order. */
export function openBlobs(source: Blob | readonly Blob[], signal?: AbortSignal): Promise<GgufFile> {
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
  return openGguf(first, { openSibling, signal });
}
