export interface ShardName {
  /** What comes before `-00001-of-00003.gguf`, without folders. */
  readonly prefix: string;
  /** From 0; the name counts from 1. */
  readonly shardIndex: number;
  readonly nShards: number;
}

export function formatShardName({ prefix, shardIndex, nShards }: ShardName): string {
  const five = (n: number) => String(n).padStart(5, '0');
  return `${prefix}-${five(shardIndex + 1)}-of-${five(nShards)}.gguf`;
}

/** Takes a path or URL; undefined where the name is not a shard's. */
export function parseShardName(name: string): ShardName | undefined {
  const found = /^(?<prefix>.*)-(?<no>\d{5})-of-(?<count>\d{5})\.gguf$/.exec(name.split(/[\\/]/).at(-1)!)?.groups;
  return found && { prefix: found.prefix!, shardIndex: Number(found.no) - 1, nShards: Number(found.count) };
}
