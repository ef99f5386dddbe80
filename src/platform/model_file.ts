import { openPath } from '#platform';
import { checkNames } from '../base/checks.ts';
import { ResourceError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import { openGguf, parseShardName } from '../gguf/split.ts';
import { blobSource } from '../store/blob.ts';
import { plainSource } from './model_source.ts';
import type { ModelFiles, ModelSource, NamedBlob, PlainSource } from './platform.ts';

export interface OpenFileOptions {
  readonly signal?: AbortSignal;
}

/** Opens a model, all shards of it; whoever opens closes `sources`. Streams are read into memory first. */
export async function openModelFile(source: ModelSource, options: OpenFileOptions = {}): Promise<GgufFile> {
  checkNames('option of openModelFile', options, ['signal']);
  return openPlain(await plainSource(source, options), options);
}

/** `openModelFile`, on the other side of a thread's border. */
export async function openPlain(source: PlainSource, { signal }: OpenFileOptions): Promise<GgufFile> {
  const { first, openSibling } = typeof source === 'string' ? await openPath(source) : filesOf(source);
  try {
    return await openGguf(first, { openSibling, signal });
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
