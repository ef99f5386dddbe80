import type { FileRecord, ModelRecord, Place } from './place.ts';
import type { StoredModel } from './types.ts';

/** What is fetched with one request: on a slow network not too much to lose, on a fast one not too many requests. */
const PART_BYTES = 8 * 2 ** 20;

/** A file that nothing has come of. With chunks, parts are whole chunks. */
export function newFile(key: string, name: string, chunkBytes?: number): FileRecord {
  const partBytes =
    chunkBytes === undefined ? PART_BYTES : chunkBytes * Math.max(1, Math.round(PART_BYTES / chunkBytes));
  return {
    key,
    name,
    sizeBytes: undefined,
    version: null,
    expected: undefined,
    partBytes,
    checkpoints: [],
    sha256: undefined,
  };
}

/** What can be trusted of a file. */
export function doneBytesOf({ sha256, sizeBytes, checkpoints, partBytes }: FileRecord): number {
  return sha256 === undefined ? Math.min(checkpoints.length * partBytes, sizeBytes ?? Infinity) : sizeBytes!;
}

/** A record as callers see it. */
export function storedModel(
  { name, from, addedAt, isComplete, files }: ModelRecord,
  { pathOf }: Pick<Place, 'pathOf'>,
): StoredModel {
  const sizes = files.map(({ sizeBytes }) => sizeBytes);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    name,
    sizeBytes: sizes.includes(undefined) || files.length === 0 ? undefined : sum(sizes as number[]),
    doneBytes: sum(files.map(doneBytesOf)),
    isComplete,
    from,
    sha256: files[0]?.sha256,
    isVerified: files.length > 0 && files.every(isVerified),
    addedAt,
    nShards: files.length,
    files: files.map((file) => ({
      name: file.name,
      sizeBytes: file.sizeBytes ?? 0,
      sha256: file.sha256,
      isVerified: isVerified(file),
      ...(pathOf && isComplete ? { path: pathOf(file) } : {}),
    })),
  };
}

const isVerified = ({ sha256, expected }: FileRecord): boolean => sha256 !== undefined && sha256 === expected;
