import { kindOf, tagOf } from '../base/checks.ts';
import { formatShardName, parseShardName } from '../gguf/shard_names.ts';
import type { BytesSource, ModelSource, NamedBlob, PlainSource, StoredFiles } from './platform.ts';
import { isBytes, isResponse, type Receiving } from './receiving.ts';
import { pathOf } from '#platform';

/**
 * A source as it can cross to another thread: streams and answers are read to their end, into memory (or wherever the browser keeps
 * Blobs), addresses of files become paths.
 * @throws TypeError for what is no source, ResourceError where a stream fails or is too long.
 */
export async function plainSource(
  source: ModelSource,
  receiving: Receiving = {},
): Promise<Exclude<PlainSource, StoredFiles>> {
  if (typeof source === 'string' || isUrl(source)) return pathFrom(source);
  const isList = typeof source === 'object' && source !== null && Symbol.iterator in source && !isBytes(source);
  if (!isList) return [await fileOf(source as BytesSource, receiving)];
  const files: NamedBlob[] = [];
  for (const each of source as Iterable<BytesSource>) files.push(await fileOf(each, receiving));
  if (files.length === 0) throw new TypeError('the model source is an empty list, expected all shards of a model');
  return named(files);
}

const isUrl = (source: unknown): source is URL => tagOf(source) === 'URL';

/** `C:\model.gguf` is no address. */
const address = /^([a-z][a-z+.-]+):/i;

const schemeOf = (source: string | URL): string | undefined => address.exec(String(source))?.[1]?.toLowerCase();

/** Whether the source is the address of a file on a web server. */
export const isWebAddress = (source: ModelSource): source is string | URL =>
  (typeof source === 'string' || isUrl(source)) && /^https?$/.test(schemeOf(source) ?? '');

function pathFrom(source: string | URL): string {
  if (String(source).trim() === '') throw new TypeError('the model source is an empty text, expected a path');
  const scheme = schemeOf(source);
  if (scheme === undefined) return String(source);
  if (scheme === 'file') return pathOf(new URL(source));
  if (typeof source === 'string' && !['http', 'https', 'blob', 'data'].includes(scheme)) return source;
  const help =
    'give a File, a path in Node, { url }, or what is fetched: openModel(await fetch(address)) reads it into memory';
  throw new TypeError(`${String(source)} is an address, which is not fetched from here; ${help}`);
}

async function fileOf(source: BytesSource, receiving: Receiving): Promise<NamedBlob> {
  if (isBlob(source)) return { blob: source, name: 'name' in source ? String(source.name) : 'blob' };
  if (isBytes(source) || isResponse(source) || isStream(source)) {
    const { received } = await import('./receive.ts'); // most programs have files
    return received(source, receiving);
  }
  const wanted = 'a path, a file: URL, a Blob or File, an ArrayBuffer or Uint8Array, a Response, a stream of bytes';
  throw new TypeError(
    `the model source is ${kindOf(source)}, expected ${wanted}, or a list of such parts, one per shard`,
  );
}

const isBlob = (source: unknown): source is Blob => ['Blob', 'File'].includes(tagOf(source));

const isStream = (source: unknown): source is ReadableStream<Uint8Array> =>
  typeof source === 'object' && source !== null && ('getReader' in source || Symbol.asyncIterator in source);

/** Shards that have no names of shards are taken in the order in which they were given. */
function named(files: readonly NamedBlob[]): readonly NamedBlob[] {
  const nShards = files.length;
  if (nShards === 1 || files.some(({ name }) => parseShardName(name))) return files;
  return files.map(({ blob }, shardIndex) => ({
    blob,
    name: formatShardName({ prefix: 'shard', shardIndex, nShards }),
  }));
}
