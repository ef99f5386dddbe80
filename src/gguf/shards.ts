/**
 * Opens models in several files, as llama.cpp splits them: `NAME-00001-of-00003.gguf`. The first shard carries all metadata; each says
 * which it is (`split.no`, from 0), how many there are (`split.count`) and how many tensors they hold together (`split.tensors.count`).
 */
import { asError, FormatError, ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import type { ByteSource } from '../bytes/source.ts';
import { quoted } from './limits.ts';
import { readGguf } from './read.ts';
import type { GgufFile, GgufTensor, ReadOptions } from './read.ts';
import { formatShardName, parseShardName, type ShardName } from './shard_names.ts';

/** Opens the file of that name beside the first one. */
export type OpenSibling = (name: string) => Promise<ByteSource>;

/** The whole model whose first shard is `file`, of `nShards`. Sources opened here are closed again on failure. */
export async function openShards(
  file: GgufFile,
  nShards: number,
  openSibling: OpenSibling,
  reading: ReadOptions,
): Promise<GgufFile> {
  const first = file.sources[0]!;
  const name = parseShardName(first.name);
  if (!name || name.nShards !== nShards) {
    const ending = formatShardName({ prefix: '', shardIndex: 0, nShards });
    throw new FormatError(
      `${first.name} is one of ${nShards} shards, but its name does not end in ${ending}; renamed?`,
    );
  }
  const shardNo = file.metadata.u32('split.no');
  if (shardNo !== 0 || name.shardIndex !== 0) {
    throw new FormatError(
      `${first.name} is shard ${shardNo + 1} of ${nShards}; open the first one, ${formatShardName({ ...name, shardIndex: 0 })}`,
    );
  }
  const siblings: ByteSource[] = [];
  try {
    const shards = [file];
    for (let shardIndex = 1; shardIndex < nShards; shardIndex++) {
      const sibling = await openShard({ ...name, shardIndex }, openSibling);
      siblings.push(sibling);
      shards.push(checkShard(await readGguf(sibling, reading), shardIndex, nShards));
    }
    return joinShards(shards);
  } catch (error) {
    await Promise.allSettled(siblings.map((sibling) => sibling.close?.()));
    throw error;
  }
}

async function openShard(shard: ShardName, openSibling: OpenSibling): Promise<ByteSource> {
  const name = formatShardName(shard);
  try {
    return await openSibling(name);
  } catch (cause) {
    throw new ResourceError(
      `shard ${shard.shardIndex + 1} of ${shard.nShards} is missing: ${name} (${asError(cause).message}); all shards must lie beside the first one`,
      { cause },
    );
  }
}

function checkShard(shard: GgufFile, shardIndex: number, nShards: number): GgufFile {
  const came = { no: shard.metadata.u32('split.no'), count: shard.metadata.u32('split.count') };
  if (came.no === shardIndex && came.count === nShards) return shard;
  throw new FormatError(
    `${shard.sources[0]!.name} says it is shard ${came.no + 1} of ${came.count}, expected ${shardIndex + 1} of ${nShards}; renamed?`,
  );
}

function joinShards(shards: readonly GgufFile[]): GgufFile {
  const first = shards[0]!;
  const tensors = new Map<string, GgufTensor>();
  for (const [shardIndex, shard] of shards.entries()) {
    for (const tensor of shard.tensors.values()) {
      if (tensors.has(tensor.name)) {
        const where = shard.sources[0]!.name;
        throw new FormatError(
          `${where}: tensor ${quoted(tensor.name)} is also in an earlier shard; files of two different models?`,
        );
      }
      tensors.set(tensor.name, { ...tensor, shardIndex });
    }
  }
  const expected = first.metadata.u32('split.tensors.count');
  if (tensors.size !== expected) {
    throw new FormatError(
      `${first.sources[0]!.name}: the shards hold ${counted(tensors.size)} tensors, expected ${counted(expected)}; files of two different models?`,
    );
  }
  return { ...first, tensors, sources: shards.flatMap((shard) => shard.sources) };
}
