/** Files that somebody has, copied into a store a piece at a time. */
import { FormatError, ResourceError } from '../base/errors.ts';
import type { ByteSource } from '../bytes/source.ts';
import { formatShardName, parseShardName } from '../gguf/shard_names.ts';
import { filesFrom } from '../platform/model_file.ts';
import type { PlainSource, StoredFiles } from '../platform/platform.ts';
import { Checker } from './checker.ts';
import type { JobHooks } from './download.ts';
import { newFile } from './model_record.ts';
import type { ModelRecord, Place } from './place.ts';
import { makeRoom } from './room.ts';
import { checkedName } from './sources.ts';
import { Teller } from './teller.ts';
import { stopped } from './trouble.ts';

export interface ImportJob {
  readonly from: Exclude<PlainSource, StoredFiles>;
  readonly name: string | undefined;
}

/** Read at a time. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Copies all shards. Where it fails or is stopped, nothing stays. @returns the record of the model, which is complete */
export async function runImport(place: Place, { from, name }: ImportJob, hooks: JobHooks): Promise<ModelRecord> {
  const sources = await allShards(from);
  try {
    const called = checkedName(name ?? fileName(sources[0]!));
    const release = await place.lock(called, { ifFree: true });
    if (!release)
      throw new ResourceError(
        `${called} is being downloaded or imported elsewhere; wait for that, or give another name`,
      );
    try {
      const known = await place.record(called);
      if (known) throw new ResourceError(`the store has a ${called} already; delete it, or give another name`);
      return await copied(place, called, sources, hooks);
    } finally {
      release();
    }
  } finally {
    for (const source of sources) await source.close?.();
  }
}

const fileName = ({ name }: ByteSource): string => name.split(/[\\/]/).at(-1)!;

async function allShards(from: ImportJob['from']): Promise<ByteSource[]> {
  const { first, openSibling } = await filesFrom(from);
  if (first.size === 0) {
    await first.close?.();
    throw new FormatError(`${first.name} is empty; interrupted download?`);
  }
  const shard = parseShardName(first.name);
  if (shard && shard.shardIndex > 0) {
    await first.close?.();
    const missing = formatShardName({ ...shard, shardIndex: 0 });
    throw new ResourceError(
      `${fileName(first)} is shard ${shard.shardIndex + 1} of ${shard.nShards}; give ${fileName({ ...first, name: missing })}, too`,
    );
  }
  const sources = [first];
  for (let shardIndex = 1; shard && shardIndex < shard.nShards; shardIndex++)
    sources.push(await openSibling(formatShardName({ ...shard, shardIndex })));
  return sources;
}

async function copied(
  place: Place,
  name: string,
  sources: readonly ByteSource[],
  { signal, onProgress }: JobHooks,
): Promise<ModelRecord> {
  const files = sources.map((source) => ({
    ...newFile(place.newKey(name, fileName(source)), fileName(source)),
    sizeBytes: source.size,
  }));
  const record: ModelRecord = {
    name,
    from: 'file',
    addedAt: Date.now(),
    keeper: place.keeper,
    isComplete: false,
    files,
  };
  const teller = new Teller(onProgress);
  teller.total(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  teller.tellNow();
  await place.keep(record);
  try {
    await makeRoom(place, record);
    for (const [i, source] of sources.entries()) await copyFile(place, record, i, { source, teller, signal });
    record.isComplete = true;
    await place.keep(record);
    teller.become('done');
    return record;
  } catch (error) {
    for (const file of record.files) await place.remove(record, file);
    await place.forget(record);
    throw signal.aborted ? stopped(signal) : error;
  }
}

interface Copying {
  readonly source: ByteSource;
  readonly teller: Teller;
  readonly signal: AbortSignal;
}

async function copyFile(
  place: Place,
  record: ModelRecord,
  i: number,
  { source, teller, signal }: Copying,
): Promise<void> {
  const file = record.files[i]!;
  const bytes = await place.open(record, file);
  try {
    const checker = new Checker(bytes, file, undefined);
    const piece = new Uint8Array(Math.min(PIECE_BYTES, source.size));
    for (let done = 0; done < source.size;) {
      const part = piece.subarray(0, Math.min(PIECE_BYTES, source.size - done));
      await source.read(done, part, signal);
      await bytes.write(done, part);
      done += part.length;
      await checker.advance(done, undefined, signal);
      teller.bytes(i, done, 'running');
    }
    file.sha256 = checker.finish();
    await bytes.flush();
  } finally {
    await bytes.close();
  }
  await place.finish(record, file);
}
