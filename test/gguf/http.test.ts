import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { gguf as theirs } from '@huggingface/gguf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FormatError,
  openHttpFile,
  openModelFile,
  readGguf,
  ResourceError,
  UnsupportedError,
  type GgufFile,
  type MetadataValue,
} from '../../src/gguf.ts';
import { openTokenizer } from '../../src/index.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** Headers over HTTP ranges, compared with what `@huggingface/gguf` reads from the same server. */

const shardName = (n: number) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`;
const model = (n: number) => readFileSync(new URL(`../../models/${shardName(n)}`, import.meta.url));
const files: Readonly<Record<string, Uint8Array>> = {
  '/tiny.gguf': tinyModel('llama'),
  '/chat.gguf': tinyModel('llama-chat'),
  '/k.gguf': tinyModel('llama-q4_k_m'),
  [`/${shardName(1)}`]: model(1),
  [`/${shardName(2)}`]: model(2),
  '/empty.gguf': new Uint8Array(0),
  '/cut.gguf': tinyModel('llama').slice(0, 9000),
  '/page.gguf': new TextEncoder().encode('<!doctype html><title>not here</title>'),
};
const [first, second] = [files[`/${shardName(1)}`]!, files[`/${shardName(2)}`]!];

/** What a server may be like, by the first part of the path. */
type Manner = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;

let nSentBytes = 0;
let nRequests = 0;

function rangeOf(request: IncomingMessage, size: number): [number, number] | undefined {
  const found = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  return found ? [Number(found[1]), Math.min(Number(found[2]) + 1, size)] : undefined;
}

function send(response: ServerResponse, bytes: Uint8Array): void {
  nSentBytes += bytes.length;
  response.end(bytes);
}

const withRanges =
  (change: (headers: Record<string, string | number>, body: Uint8Array) => Uint8Array = (_, body) => body): Manner =>
  (request, response, bytes) => {
    const range = rangeOf(request, bytes.length);
    if (request.method === 'HEAD') return void response.writeHead(200, { 'Content-Length': bytes.length }).end();
    if (!range) return void send(response.writeHead(200, { 'Content-Length': bytes.length }), bytes);
    const [begin, end] = range;
    if (begin >= bytes.length) return void response.writeHead(416).end();
    const headers: Record<string, string | number> = {
      'Content-Range': `bytes ${begin}-${end - 1}/${bytes.length}`,
      ETag: '"one"',
    };
    const body = change(headers, bytes.subarray(begin, end));
    send(response.writeHead(206, { ...headers, 'Content-Length': body.length }), body);
  };

let nAnswers = 0;
const manners: Readonly<Record<string, Manner>> = {
  ranges: withRanges(),
  unknownLength: withRanges((headers, body) => {
    headers['Content-Range'] = String(headers['Content-Range']).replace(/\d+$/, '*');
    return body;
  }),
  /** As a page sees an answer whose server does not show it the header. */
  hiddenRange: withRanges((headers, body) => {
    delete headers['Content-Range'];
    return body;
  }),
  short: withRanges((headers, body) => {
    const part = body.subarray(0, Math.ceil(body.length / 2));
    const [, begin, size] = /bytes (\d+)-\d+\/(\d+)/.exec(String(headers['Content-Range']))!;
    headers['Content-Range'] = `bytes ${begin}-${Number(begin) + part.length - 1}/${size}`;
    return part;
  }),
  changing: withRanges((headers, body) => {
    headers['ETag'] = `"${nAnswers++}"`;
    return body;
  }),
  /** Sends on and on. */
  endless(request, response, bytes) {
    const [begin] = rangeOf(request, bytes.length)!;
    response.writeHead(206, { 'Content-Range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` });
    response.write(bytes.subarray(begin));
    const more = (): void => {
      nSentBytes += 2 ** 16;
      if (!response.destroyed) response.write(new Uint8Array(2 ** 16), () => setImmediate(more));
    };
    more();
  },
  wrongPart: withRanges((headers, body) => {
    headers['Content-Range'] = String(headers['Content-Range']).replace(/bytes \d+/, 'bytes 7');
    return body;
  }),
  whole(_, response, bytes) {
    response.writeHead(200, { 'Content-Length': bytes.length });
    let at = 0;
    const more = (): void => {
      for (let room = true; room && at < bytes.length; at += 16384) {
        const piece = bytes.subarray(at, at + 16384);
        nSentBytes += piece.length;
        room = response.write(piece);
      }
      if (at >= bytes.length) response.end();
    };
    response.on('drain', more);
    more();
  },
  lengthless: (_, response, bytes) => void response.writeHead(200).end(bytes),
  locked(request, response, bytes) {
    if (request.headers.authorization !== 'Bearer me') return void response.writeHead(401).end();
    manners['ranges']!(request, response, bytes);
  },
  slow: () => undefined,
  broken: (_, response) => void response.destroy(),
};

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    nRequests++;
    const [, manner, name] = /^\/([^/]+)(\/[^?]*)/.exec(request.url!)!;
    const bytes = files[decodeURIComponent(name!)];
    if (!bytes) return void response.writeHead(404).end();
    manners[manner!]!(request, response, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function close(file: GgufFile): Promise<void> {
  for (const source of file.sources) await source.close?.();
}

/** What we read, in the form in which `@huggingface/gguf` has it. */
function inTheirForm(value: MetadataValue): unknown {
  if (value.type !== 'array') return typeof value.value === 'bigint' ? Number(value.value) : value.value;
  const items = Array.from(value.value as ArrayLike<unknown>, (item) =>
    typeof item === 'bigint' ? Number(item) : item,
  );
  return value.of === 'bool' ? items.map(Boolean) : items;
}

const plain = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(plain) : typeof value === 'bigint' ? Number(value) : value;

describe('what is read', () => {
  it.each(['/tiny.gguf', '/chat.gguf', '/k.gguf', `/${shardName(2)}`, `/${shardName(1)}`])(
    'is what @huggingface/gguf reads: %s',
    async (name) => {
      const url = `${base}/ranges${name}`;
      const expected = await theirs(url);
      const source = await openHttpFile(url);
      const file = await readGguf(source);
      const { version, tensor_count, kv_count, ...metadata } = expected.metadata as Record<string, unknown>;
      expect([file.version, BigInt(file.tensors.size)]).toEqual([version, tensor_count]);
      const ours = Object.fromEntries([...file.metadata.entries()].map(([key, value]) => [key, inTheirForm(value)]));
      expect(Object.keys(ours)).toHaveLength(Number(kv_count));
      expect(ours).toEqual(Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, plain(value)])));
      const tensors = [...file.tensors.values()];
      expect(tensors.map(({ name, shape, quant }) => [name, shape.toReversed(), quant.ggmlType])).toEqual(
        expected.tensorInfos.map(({ name, shape, dtype }) => [name, shape.map(Number), dtype]),
      );
      const begin = Number((expected as { tensorDataOffset?: bigint }).tensorDataOffset ?? NaN);
      if (!Number.isNaN(begin)) {
        expect(tensors.map(({ offsetBytes }) => offsetBytes - begin)).toEqual(
          expected.tensorInfos.map(({ offset }) => Number(offset)),
        );
      }
      await close(file);
    },
  );

  it('is the header and little more, in few requests; shards come from beside the first one', async () => {
    [nSentBytes, nRequests] = [0, 0];
    const file = await openModelFile(`${base}/ranges/${shardName(1)}?download=true`);
    const headerBytes = Math.min(
      ...[...file.tensors.values()].filter((t) => t.shardIndex === 0).map((t) => t.offsetBytes),
    );
    expect(file.sources).toHaveLength(2);
    expect(file.tensors.size).toBeGreaterThan(200);
    expect(headerBytes).toBeGreaterThan(1e6);
    expect(nSentBytes).toBeLessThan(2 * headerBytes + 2 * 2 ** 18);
    expect(nRequests).toBeLessThan(8);
    expect(file.sources[0]!.name).toBe(`${base}/ranges/${shardName(1)}`); // no query: it may hold keys
  });

  it('is any part of the file', async () => {
    const source = await openHttpFile(new URL(`${base}/short/${shardName(2)}`));
    expect(source.size).toBe(second.length);
    const ranges = [
      [0, 10],
      [2 ** 18 - 5, 10],
      [2 ** 18 + 5, 100],
      [5_000_000, 300_000],
      [second.length - 3, 3],
    ] as const;
    for (const [at, n] of ranges) {
      const into = new Uint8Array(n);
      await source.read(at, into);
      expect(into).toEqual(Uint8Array.from(second.subarray(at, at + n)));
    }
    await expect(source.read(second.length - 3, new Uint8Array(4))).rejects.toThrow(ResourceError);
  });

  it("gives a tokenizer from a model's address", async () => {
    nSentBytes = 0;
    const tokenizer = await openTokenizer(`${base}/ranges/${shardName(1)}`);
    expect(tokenizer.encode('Once upon a time')).toHaveLength(4);
    expect(nSentBytes).toBeLessThan(first.length / 5);
  });
});

describe('servers', () => {
  it.each(['unknownLength', 'hiddenRange', 'short', 'endless'])('that are %s are fine', async (manner) => {
    const file = await openModelFile(`${base}/${manner}/chat.gguf`);
    expect(file.tensors.size).toBeGreaterThan(10);
  });

  it('without ranges hand out the header, and are left then', async () => {
    nSentBytes = 0;
    const file = await openModelFile(`${base}/whole/${shardName(1)}`);
    expect(file.tensors.size).toBeGreaterThan(200);
    await close(file);
    expect(nSentBytes).toBeLessThan(first.length / 3);
  });

  it('that need a key get it with every request', async () => {
    const url = `${base}/locked/${shardName(1)}`;
    await expect(openModelFile(url)).rejects.toThrow(/answered 401 Unauthorized; give what it asks for/);
    const file = await openModelFile(url, { headers: { Authorization: 'Bearer me' } });
    expect(file.sources).toHaveLength(2);
  });

  it.each([
    ['changing', shardName(2), ResourceError, /changed while it was being read/],
    ['wrongPart', shardName(2), ResourceError, /answered another part/],
    ['lengthless', 'tiny.gguf', UnsupportedError, /does not say how long the file is; download it/],
    ['ranges', 'none.gguf', ResourceError, /none.gguf answered 404 Not Found; check the address/],
    ['ranges', 'empty.gguf', FormatError, /empty.gguf is empty/],
    ['ranges', 'cut.gguf', FormatError, /cut.gguf.*truncated download/],
    ['ranges', 'page.gguf', FormatError, /looks like a web page/],
    ['broken', 'tiny.gguf', ResourceError, /cannot fetch .*tiny.gguf: .*check the address and the network/],
  ] as [string, string, typeof ResourceError, RegExp][])('%s: %s', async (manner, name, type, message) => {
    const reading = (async () => {
      const source = await openHttpFile(`${base}/${manner}/${name}`);
      await readGguf(source);
      await source.read(source.size - 100, new Uint8Array(100));
    })();
    await expect(reading).rejects.toThrow(type);
    await expect(reading).rejects.toThrow(message);
  });

  it('that do not answer can be left', async () => {
    const stop = new AbortController();
    const opening = openModelFile(`${base}/slow/tiny.gguf`, { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(opening).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});

it('the functions of thimble/gguf refuse options that nobody reads', async () => {
  const source = await openHttpFile(`${base}/ranges/tiny.gguf`);
  const file = await readGguf(source);
  const { memoryNeeded, mergeGguf, openNodeSink, quantizeGguf, planQuantization, splitGguf, writeGguf } =
    await import('../../src/gguf.ts');
  const sink = { name: 'x', write: async () => undefined, finish: async () => undefined, abort: async () => undefined };
  const calls: [string, (options: never) => Promise<unknown>][] = [
    ['openHttpFile', (options) => openHttpFile(`${base}/ranges/tiny.gguf`, options)],
    ['readGguf', (options) => readGguf(source, options)],
    ['openModelFile', (options) => openModelFile('x.gguf', options)],
    ['memoryNeeded', (options) => memoryNeeded(file, options)],
    ['mergeGguf', (options) => mergeGguf(file, sink, options)],
    ['splitGguf', (options) => splitGguf(file, options)],
    ['writeGguf', (options) => writeGguf(sink, { metadata: new Map(), tensors: [] }, options)],
    ['quantizeGguf', (options) => quantizeGguf(file, planQuantization(file, 'q8_0'), sink, options)],
    ['openNodeSink', (options) => openNodeSink('/nowhere/x', options)],
  ];
  for (const [name, call] of calls)
    await expect(call({ sinal: 1 } as never), name).rejects.toThrow(
      new RegExp(`unknown option of (${name}|writing) sinal`),
    );
});
