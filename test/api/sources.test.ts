import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, openTokenizer, ResourceError, type ModelSource } from 'thimble';
import { readGguf, splitGguf } from '../../src/gguf.ts';
import { blobSource } from '../../src/bytes/blob.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** Where a model's bytes may come from: each way gives the same tokens. */

const bytes = tinyModel('llama').slice() as Uint8Array<ArrayBuffer>;
let folder: string;
let path: string;
let shards: Uint8Array<ArrayBuffer>[];
let server: Server;
let address: string;

async function splitBytes(): Promise<Uint8Array<ArrayBuffer>[]> {
  const written: Uint8Array<ArrayBuffer>[] = [];
  await splitGguf(await readGguf(blobSource(new Blob([bytes]))), {
    prefix: 'tiny',
    maxShardBytes: bytes.length / 2,
    openSink: async (name) => {
      const pieces: Uint8Array[] = [];
      const finish = async () => void written.push(new Uint8Array(Buffer.concat(pieces)));
      return { name, write: async (piece) => void pieces.push(piece.slice()), finish, abort: async () => undefined };
    },
  });
  return written;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-sources-'));
  path = join(folder, 'a model.gguf');
  await writeFile(path, bytes);
  shards = await splitBytes();
  server = createServer((request, response) => {
    const shard = /tiny-0000(\d)-of/.exec(request.url!)?.[1];
    if (request.url === '/slow') return void response.write(bytes.subarray(0, 1000));
    if (request.url === '/gone') return void response.writeHead(404).end('no');
    if (request.url === '/breaks') {
      response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 5000));
      return void setTimeout(() => response.destroy(), 50);
    }
    response.end(shard === undefined ? bytes : shards[Number(shard) - 1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function tokensOf(source: ModelSource): Promise<readonly number[]> {
  await using model = await openModel(source, { nCtx: 64, threads: 1 });
  return (await model.generate([1, 2, 3], { temperature: 0, maxTokens: 5, ignoreEos: true })).tokens;
}

/** A FileList as a page has it: no array. */
function fileList(files: readonly File[]): Iterable<File> {
  return { ...files, length: files.length, [Symbol.iterator]: () => files[Symbol.iterator]() } as never;
}

const shardNames = () => shards.map((_, i) => `tiny-0000${i + 1}-of-0000${shards.length}.gguf`);

const sources: [string, () => ModelSource | Promise<ModelSource>][] = [
  ['a path', () => path],
  ['a file: URL', () => pathToFileURL(path)],
  ['a file: URL as text', () => pathToFileURL(path).href],
  ['a Blob', () => new Blob([bytes])],
  ['a Uint8Array', () => bytes],
  ['a Buffer', () => Buffer.from(bytes)],
  ['an ArrayBuffer', () => bytes.buffer],
  ['bytes in shared memory', () => sharedCopy() as never],
  ['bytes of another realm', () => otherRealm('Uint8Array.from(bytes)')],
  ['an ArrayBuffer of another realm', () => otherRealm('Uint8Array.from(bytes).buffer')],
  ['a Response', () => fetch(`${address}/model.gguf`)],
  ['a Response made here', () => new Response(bytes)],
  ['a ReadableStream', () => new Blob([bytes]).stream()],
  ["Node's own stream", () => createReadStream(path) as never],
  ['shards as bytes, in order', () => shards],
  ['shards as streams, in order', () => shards.map((shard) => new Blob([shard]).stream())],
  [
    'shards as Responses, in any order',
    () =>
      Promise.all(
        shardNames()
          .reverse()
          .map((name) => fetch(`${address}/${name}`)),
      ),
  ],
  [
    'shards as a FileList',
    () =>
      fileList(
        shardNames()
          .map((name, i) => new File([shards[i]!], name))
          .reverse(),
      ),
  ],
];

/** As test runners and frames have them: `instanceof` says no. */
const otherRealm = (expression: string) => runInNewContext(expression, { bytes }) as Uint8Array<ArrayBuffer>;

function sharedCopy(): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

it('there are several shards', () => expect(shards.length).toBeGreaterThan(1));

it.each(sources)('%s', async (_, source) => {
  expect(await tokensOf(await source())).toEqual(await tokensOf(path));
});

it('the tokenizer, and a draft, too', async () => {
  const tokenizer = await openTokenizer(await fetch(address));
  expect(tokenizer.nVocab).toBeGreaterThan(256);
  await using model = await openModel(bytes, { draft: new Response(bytes), nCtx: 64, threads: 1 });
  const { speculation } = await model.generate([1], {
    temperature: 0,
    maxTokens: 9,
    ignoreEos: true,
    speculate: 'draft',
  });
  expect(speculation!.nDrafted).toBeGreaterThan(0);
});

describe('what is received', () => {
  it('tells how far it is', async () => {
    const seen: { doneBytes: number; totalBytes: number | undefined }[] = [];
    const model = await openModel(await fetch(address), { onDownload: (progress) => seen.push(progress), nCtx: 64 });
    await model.close();
    expect(seen.at(-1)!.doneBytes).toBe(bytes.length);
    const streamed = await openModel(new Response(bytes), {
      onDownload: ({ totalBytes }) => seen.push({ doneBytes: -1, totalBytes }),
      nCtx: 64,
    });
    await streamed.close();
    expect(seen.at(-1)).toEqual({ doneBytes: -1, totalBytes: undefined });
  });

  it.each([
    [
      'an answer that is no file',
      () => fetch(`${address}/gone`),
      ResourceError,
      /\/gone answered 404 Not Found.*check the address/,
    ],
    ['one that breaks off', () => fetch(`${address}/breaks`), ResourceError, /cannot read breaks: .*fetch it again/],
    [
      'a stream of something else',
      () => new Response('x').body!.pipeThrough(new TextDecoderStream()) as never,
      TypeError,
      /a stream of strings, expected bytes/,
    ],
    [
      'one that is too long',
      () => new Response(bytes, { headers: { 'Content-Length': String(2 ** 33) } }),
      ResourceError,
      /8,589,934,592 bytes, more than WebAssembly has room for/,
    ],
    [
      'an address',
      () => 'https://example.org/model.gguf',
      TypeError,
      /is an address, which is not fetched from here.*await fetch/,
    ],
    ['an address as URL', () => new URL('https://example.org/model.gguf'), TypeError, /is an address/],
  ] as [string, () => ModelSource | Promise<ModelSource>, typeof TypeError, RegExp][])(
    'is refused: %s',
    async (_, source, type, message) => {
      const opening = openModel(await source());
      await expect(opening).rejects.toThrow(type);
      await expect(opening).rejects.toThrow(message);
    },
  );

  it('is refused when it was read already', async () => {
    const response = await fetch(address);
    await response.arrayBuffer();
    await expect(openModel(response)).rejects.toThrow(/was read already, or is missing; fetch it again/);
    const stream = new Blob([bytes]).stream();
    stream.getReader();
    await expect(openModel(stream)).rejects.toThrow(/is being read already/);
  });

  it('can be stopped', async () => {
    const stop = new AbortController();
    const opening = openModel(await fetch(`${address}/slow`), { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(opening).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});
