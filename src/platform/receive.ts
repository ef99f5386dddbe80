import { kindOf, tagOf } from '../base/checks.ts';
import { asError, ResourceError } from '../base/errors.ts';
import { counted } from '../base/numbers.ts';
import type { NamedBlob } from './platform.ts';
import { isBytes, isResponse, type Receiving } from './receiving.ts';
import { tick } from '#platform';

/** A stream is kept whole before it is opened, and WebAssembly has no room for a longer one. */
const MOST_BYTES = 2 ** 32;

/** So much is copied at a time: a page does not notice, not even on a slow phone. */
const PART_BYTES = 2 ** 20;

/** What has no name, as a file: bytes, answers and streams. */
export async function received(
  source: ArrayBuffer | ArrayBufferView | Response | ReadableStream<Uint8Array>,
  receiving: Receiving,
): Promise<NamedBlob> {
  if (isBytes(source)) return { blob: await blobOf(source), name: 'bytes' };
  if (isResponse(source)) return answerOf(source, receiving);
  return streamed(source, { name: 'stream', totalBytes: undefined }, receiving);
}

/** A copy of bytes, made bit by bit. Blobs take no shared memory. */
export async function blobOf(source: ArrayBuffer | ArrayBufferView): Promise<Blob> {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const parts: Blob[] = [];
  for (let begin = 0; begin < bytes.length; begin += PART_BYTES) {
    if (begin > 0) await tick();
    const part = bytes.subarray(begin, begin + PART_BYTES);
    parts.push(new Blob([tagOf(part.buffer) === 'ArrayBuffer' ? (part as Uint8Array<ArrayBuffer>) : part.slice()]));
  }
  return new Blob(parts);
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
  return streamed(body, { name, totalBytes }, receiving);
}

interface Incoming {
  readonly name: string;
  readonly totalBytes: number | undefined;
}

async function streamed(
  stream: ReadableStream<Uint8Array>,
  { name, totalBytes }: Incoming,
  { onDownload, signal }: Receiving,
): Promise<NamedBlob> {
  const parts: Blob[] = [];
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let doneBytes = 0;
  let nWaiting = 0;
  const put = () => {
    parts.push(new Blob(pieces.splice(0)));
    nWaiting = 0;
    return tick(); // pieces that wait already come all at once
  };
  if (totalBytes !== undefined) checkLength(name, totalBytes);
  for await (const piece of piecesOf(stream, name, signal)) {
    doneBytes += piece.length;
    checkLength(name, doneBytes);
    const isLarge = piece.length > PART_BYTES;
    nWaiting += piece.length;
    if (!isLarge) pieces.push(piece);
    if (nWaiting >= PART_BYTES) await put();
    if (isLarge) parts.push(await blobOf(piece));
    onDownload?.({ doneBytes, totalBytes });
  }
  await put();
  if (totalBytes === undefined || doneBytes === totalBytes) return { blob: new Blob(parts), name };
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
