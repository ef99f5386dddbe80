import { kindOf, tagOf } from '../base/checks.ts';
import { asError, ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import { formatShardName, parseShardName } from '../gguf/shard_names.ts';
import type { BytesSource, ModelSource, NamedBlob, PlainSource, StoredFiles } from './platform.ts';
import { pathOf } from '#platform';

/** A stream is kept whole before it is opened, and WebAssembly has no room for a longer one. */
const MOST_BYTES = 2 ** 32;

export interface DownloadProgress {
  readonly doneBytes: number;
  /** Undefined where the answer does not say. */
  readonly totalBytes: number | undefined;
  /** What follows is told of downloads into the store. */
  readonly state?: DownloadState;
  /** Of the last seconds. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number | undefined;
  /** What is waited for. */
  readonly reason?: string;
}

/**
 * `starting` until the server has said how long the file is; `checking` what lies there already; `running`; `waiting` for the network,
 * a server that wants patience, or another tab that downloads the same; `paused`; `done`.
 */
export type DownloadState = 'starting' | 'checking' | 'running' | 'waiting' | 'paused' | 'done';

export interface Receiving {
  readonly onDownload?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

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
  const help = 'give a File, a path in Node, or what is fetched: openModel(await fetch(address)) reads it into memory';
  throw new TypeError(`${String(source)} is an address, which is not fetched from here; ${help}`);
}

const isBytes = (source: unknown): source is ArrayBuffer | ArrayBufferView =>
  tagOf(source) === 'ArrayBuffer' || ArrayBuffer.isView(source);

async function fileOf(source: BytesSource, receiving: Receiving): Promise<NamedBlob> {
  if (isBlob(source)) return { blob: source, name: 'name' in source ? String(source.name) : 'blob' };
  if (isBytes(source)) return { blob: new Blob([unshared(source)]), name: 'bytes' };
  if (isResponse(source)) return answerOf(source, receiving);
  if (isStream(source)) return received(source, { name: 'stream', totalBytes: undefined }, receiving);
  const wanted = 'a path, a file: URL, a Blob or File, an ArrayBuffer or Uint8Array, a Response, a stream of bytes';
  throw new TypeError(
    `the model source is ${kindOf(source)}, expected ${wanted}, or a list of such parts, one per shard`,
  );
}

const isBlob = (source: unknown): source is Blob => ['Blob', 'File'].includes(tagOf(source));

const isResponse = (source: unknown): source is Response =>
  typeof source === 'object' && source !== null && 'ok' in source && 'body' in source && 'headers' in source;

const isStream = (source: unknown): source is ReadableStream<Uint8Array> =>
  typeof source === 'object' && source !== null && ('getReader' in source || Symbol.asyncIterator in source);

/** Blobs take no shared memory. */
function unshared(bytes: ArrayBuffer | ArrayBufferView): BlobPart {
  if (!ArrayBuffer.isView(bytes) || tagOf(bytes.buffer) === 'ArrayBuffer') return bytes as BlobPart;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
}

async function answerOf(response: Response, receiving: Receiving): Promise<NamedBlob> {
  const { ok, status, statusText, url, body, bodyUsed, headers } = response;
  const name = decodeURIComponent(url.split(/[?#]/)[0]!.split('/').at(-1)!) || 'download';
  const where = url || 'the Response';
  if (!ok)
    throw new ResourceError(`${where} answered ${`${status} ${statusText}`.trim()}, not a file; check the address`);
  if (bodyUsed || !body) throw new TypeError(`the body of ${where} was read already, or is missing; fetch it again`);
  const length = headers.get('Content-Length');
  const isPacked = headers.has('Content-Encoding'); // its length is another one
  const totalBytes = length === null || isPacked ? undefined : Number(length);
  return received(body, { name, totalBytes }, receiving);
}

interface Incoming {
  readonly name: string;
  readonly totalBytes: number | undefined;
}

async function received(
  stream: ReadableStream<Uint8Array>,
  { name, totalBytes }: Incoming,
  { onDownload, signal }: Receiving,
): Promise<NamedBlob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let doneBytes = 0;
  if (totalBytes !== undefined) checkLength(name, totalBytes);
  for await (const piece of piecesOf(stream, name, signal)) {
    doneBytes += piece.length;
    checkLength(name, doneBytes);
    pieces.push(piece);
    onDownload?.({ doneBytes, totalBytes });
  }
  if (totalBytes === undefined || doneBytes === totalBytes) return { blob: new Blob(pieces), name };
  throw new ResourceError(`${name} ended after ${counted(doneBytes)} of ${counted(totalBytes)} bytes; fetch it again`);
}

function checkLength(name: string, bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  const help = 'more than WebAssembly has room for; take a smaller model, or save the file and open it by its path';
  throw new ResourceError(`${name} has ${counted(bytes)} bytes, ${help}`);
}

/** A stream's pieces. Leaving early ends the stream, and so does an abort. Not all browsers iterate streams, and Node's own have no reader. */
async function* piecesOf(stream: ReadableStream<Uint8Array>, name: string, signal?: AbortSignal) {
  const pieces = 'getReader' in stream ? readerOf(stream, signal) : (stream as AsyncIterable<unknown>);
  try {
    for await (const piece of pieces) {
      if (tagOf(piece) !== 'Uint8Array')
        throw new TypeError(`${name} is a stream of ${kindOf(piece)}s, expected bytes`);
      yield piece as Uint8Array<ArrayBuffer>;
    }
  } catch (cause) {
    if (cause instanceof TypeError && cause.message.includes('expected bytes')) throw cause;
    if ((cause as Error).name === 'AbortError') throw cause;
    throw new ResourceError(`cannot read ${name}: ${asError(cause).message}; fetch it again`, { cause });
  }
}

async function* readerOf(stream: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (stream.locked) throw new TypeError('the stream is being read already, expected bytes that nobody reads');
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

/** Shards that have no names of shards are taken in the order in which they were given. */
function named(files: readonly NamedBlob[]): readonly NamedBlob[] {
  const nShards = files.length;
  if (nShards === 1 || files.some(({ name }) => parseShardName(name))) return files;
  return files.map(({ blob }, shardIndex) => ({
    blob,
    name: formatShardName({ prefix: 'shard', shardIndex, nShards }),
  }));
}
