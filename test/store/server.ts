/** A server that answers as model hosts do, well or badly: what goes wrong is said by the first part of the path, or set while it runs. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly bytes: Uint8Array;
  readonly name: string;
  /** How often this manner was asked for this file before. */
  readonly nBefore: number;
}

type Manner = (asked: Asked) => unknown;

export interface Seen {
  readonly manner: string;
  readonly name: string;
  readonly method: string;
  readonly range: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

export interface FaultyServer {
  readonly origin: string;
  /** Files by name; a test may change them. */
  readonly files: Map<string, Uint8Array>;
  /** Every request, in order. */
  readonly seen: Seen[];
  /** Bytes of files that were sent. */
  sentBytes: number;
  /** Sent so fast at most. */
  bytesPerSecond: number;
  /** Addresses that redirects lead to are good for so many requests. */
  goodFor: number;
  /** Nothing can be reached. */
  isDown: boolean;
  /** What a busy server says. */
  retryAfter: string;
  /** Cuts all connections, and takes no more. */
  goDown(): void;
  reset(): void;
  url(manner: string, name: string): string;
  close(): Promise<void>;
}

const cors = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'authorization, content-type, range, if-range',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'ETag, Accept-Ranges, Content-Range, X-Linked-Size, X-Linked-Etag, Location',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

function rangeOf({ headers }: IncomingMessage, size: number): readonly [number, number] | undefined {
  const found = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  return found ? [Number(found[1]), Math.min(found[2] === '' ? size : Number(found[2]) + 1, size)] : undefined;
}

const pieceBytes = 64 * 1024;

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.on('drain', end).on('close', end);
  });

export async function startServer(): Promise<FaultyServer> {
  const files = new Map<string, Uint8Array>();
  const counts = new Map<string, number>();
  /** What is left of addresses that redirects led to. */
  const signed = new Map<string, number>();
  const packed = new Map<Uint8Array, Uint8Array>();
  const etags = new Map<Uint8Array, string>();

  /** Sends slowly; stops where the client has gone. */
  async function send(response: ServerResponse, bytes: Uint8Array, { until = bytes.length } = {}): Promise<void> {
    for (let done = 0; done < until && !response.destroyed; done += pieceBytes) {
      const piece = bytes.subarray(done, Math.min(done + pieceBytes, until));
      server.sentBytes += piece.length;
      if (!response.write(piece)) await drained(response);
      if (server.bytesPerSecond < Infinity)
        await new Promise((resolve) => setTimeout(resolve, (piece.length / server.bytesPerSecond) * 1000));
    }
  }

  const etagOf = (bytes: Uint8Array): string => {
    const etag = etags.get(bytes) ?? `"${sha256(bytes).slice(0, 16)}"`;
    etags.set(bytes, etag);
    return etag;
  };

  /** As a good server answers; `change` spoils it. */
  async function good(
    { request, response, bytes }: Asked,
    change: { headers?: Record<string, string | undefined>; body?: Uint8Array; until?: number } = {},
  ): Promise<void> {
    const range = rangeOf(request, bytes.length);
    const etag = etagOf(bytes);
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const headers: Record<string, string | number | undefined> = { ...cors, ETag: etag, 'Accept-Ranges': 'bytes' };
    const whole = change.body ?? bytes;
    let status = 200;
    let body = whole;
    if (range && isSame) {
      const [begin, end] = range;
      if (begin >= bytes.length) return void response.writeHead(416, cors).end();
      status = 206;
      body = whole.subarray(begin, end);
      headers['Content-Range'] = `bytes ${begin}-${end - 1}/${bytes.length}`;
    }
    headers['Content-Length'] = body.length;
    for (const [name, value] of Object.entries({ ...headers, ...change.headers })) {
      if (value === undefined) delete headers[name];
      else headers[name] = value;
    }
    response.writeHead(status, headers as Record<string, string | number>);
    if (request.method === 'HEAD') return void response.end();
    const until = Math.min(change.until ?? body.length, body.length);
    await send(response, body, { until });
    if (until < body.length) response.destroy();
    else response.end();
  }

  const plain = (asked: Asked, status: number, text: string, headers: Record<string, string> = {}): void =>
    void asked.response.writeHead(status, { ...cors, 'Content-Type': 'text/plain', ...headers }).end(text);

  const page = '<!doctype html><title>Sign in to the network</title>';

  const isRealRange = ({ request }: Asked): boolean =>
    request.headers.range !== undefined && request.headers.range !== 'bytes=0-0';

  const manners: Readonly<Record<string, Manner>> = {
    good: (asked) => good(asked),
    /** Whole files only. */
    noRanges: ({ request, ...asked }) => {
      delete request.headers.range;
      return good({ request, ...asked }, { headers: { 'Accept-Ranges': 'none' } });
    },
    /** Ranges for the first question, whole files for others. */
    dropsRanges: (asked) => {
      if (isRealRange(asked)) delete asked.request.headers.range;
      return good(asked);
    },
    /** Every other answer breaks off after 100,000 bytes. */
    breaksOff: (asked) => good(asked, isRealRange(asked) && asked.nBefore % 2 === 1 ? { until: 100_000 } : {}),
    /** Every other answer says nothing more after 100,000 bytes. */
    stalls: async (asked) => {
      if (!isRealRange(asked) || asked.nBefore % 2 === 0) return good(asked);
      const [begin, end] = rangeOf(asked.request, asked.bytes.length)!;
      const range = `bytes ${begin}-${end - 1}/${asked.bytes.length}`;
      asked.response.writeHead(206, {
        ...cors,
        ETag: etagOf(asked.bytes),
        'Content-Range': range,
        'Content-Length': end - begin,
      });
      await send(asked.response, asked.bytes.subarray(begin, end), { until: Math.min(100_000, end - begin - 1) });
    },
    never: () => undefined,
    empty: (asked) => plain(asked, 200, '', { 'Content-Length': '0' }),
    busy: (asked) =>
      asked.nBefore % 3 === 1
        ? plain(asked, 429, 'slow down', { 'Retry-After': server.retryAfter })
        : asked.nBefore % 3 === 2
          ? plain(asked, 503, 'busy')
          : good(asked),
    error500: (asked) => plain(asked, 500, 'oh no'),
    missing: (asked) => plain(asked, 404, 'not here'),
    forbidden: (asked) =>
      asked.request.headers.authorization === 'Bearer good' ? good(asked) : plain(asked, 401, 'who are you'),
    html: (asked) => plain(asked, 200, page, { 'Content-Type': 'text/html; charset=utf-8' }),
    /** A page that says that it is a file. */
    htmlAsFile: (asked) =>
      plain(asked, 200, page, { 'Content-Type': 'application/octet-stream', 'Content-Length': String(page.length) }),
    /** A captive portal in the middle of a download. */
    htmlMidway: (asked) =>
      isRealRange(asked) && asked.nBefore === 2
        ? plain(asked, 200, page, { 'Content-Type': 'text/html' })
        : good(asked),
    poisoned: (asked) => {
      const body = asked.bytes.slice();
      body[Math.floor(body.length / 2)]! ^= 1;
      return good(asked, { body });
    },
    /** The first answers only. */
    poisonedOnce: (asked) => {
      const body = asked.bytes.slice();
      body[Math.floor(body.length / 2)]! ^= 1;
      return good(asked, asked.nBefore < 4 ? { body } : {});
    },
    /** Says that the file is longer than it is. */
    tooLong: (asked) =>
      good(asked, {
        headers: {
          'Content-Range': `bytes 0-0/${asked.bytes.length + 1000}`,
          ...(isRealRange(asked) ? { 'Content-Range': undefined } : {}),
        },
      }),
    /** Says that the file is longer than any disk. */
    huge: (asked) => good(asked, { headers: { 'Content-Range': `bytes 0-0/${2 ** 50}` } }),
    otherPart: (asked) =>
      good(
        asked,
        isRealRange(asked) && asked.nBefore === 1
          ? { headers: { 'Content-Range': `bytes 5-9/${asked.bytes.length}` } }
          : {},
      ),
    hidden: (asked) => good(asked, { headers: { ETag: undefined, 'Access-Control-Expose-Headers': undefined } }),
    noLength: async ({ request, response, bytes }) => {
      if (request.method === 'HEAD') return void response.writeHead(200, cors).end();
      response.writeHead(200, { ...cors, 'Transfer-Encoding': 'chunked' });
      await send(response, bytes);
      response.end();
    },
    /** Packed for whoever takes that, whole files only. */
    packed: (asked) => {
      const takes = /\bgzip\b/.test(String(asked.request.headers['accept-encoding']));
      return manners[takes ? 'packedAlways' : 'noRanges']!(asked);
    },
    packedAlways: async ({ response, bytes }) => {
      const body = packed.get(bytes) ?? gzipSync(bytes, { level: 1 });
      packed.set(bytes, body);
      response.writeHead(200, { ...cors, 'Content-Encoding': 'gzip', 'Content-Length': body.length });
      await send(response, body);
      response.end();
    },
    /** As Hugging Face does: the hash beside a redirect, to an address that expires. */
    hub: (asked) => {
      const key = Math.random().toString(36).slice(2);
      signed.set(key, server.goodFor);
      const headers = {
        'X-Linked-Etag': `"${sha256(asked.bytes)}"`,
        'X-Linked-Size': String(asked.bytes.length),
        Location: `/signed/${asked.name}?key=${key}`,
      };
      plain(asked, 302, '', headers);
    },
    signed: (asked) => {
      const key = asked.url.searchParams.get('key') ?? '';
      const left = signed.get(key) ?? 0;
      signed.set(key, left - 1);
      return left > 0 ? good(asked) : plain(asked, 403, 'Request has expired');
    },
    circle: (asked) => plain(asked, 302, '', { Location: asked.url.pathname }),
  };

  /** Two files on a page, as a large repository has many. */
  function tree(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const names = [...files.keys()];
    const page = names.slice(from, from + 2).map((path) => ({ type: 'file', path, size: files.get(path)!.length }));
    url.searchParams.set('cursor', String(from + 2));
    const link = from + 2 < names.length ? { Link: `<${url.href}>; rel="next"` } : {};
    response.writeHead(200, { ...cors, ...link, 'Content-Type': 'application/json' }).end(JSON.stringify(page));
  }

  async function pathsInfo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request) text += String(piece);
    const { paths } = JSON.parse(text) as { paths: string[] };
    const told = paths.flatMap((path) => {
      const bytes = files.get(path.split('/').at(-1)!);
      return bytes
        ? [
            {
              type: 'file',
              path,
              oid: '0'.repeat(40),
              size: bytes.length,
              lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 135 },
            },
          ]
        : [];
    });
    response.writeHead(200, { ...cors, 'Content-Type': 'application/json' }).end(JSON.stringify(told));
  }

  const http = createServer((request, response) => {
    if (server.isDown) return void request.socket.destroy();
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const url = new URL(request.url!, server.origin);
    if (url.pathname.startsWith('/api/models/org/private/')) return void response.writeHead(401, cors).end();
    if (/^\/api\/models\/.*\/tree\//.test(url.pathname)) return tree(url, response);
    if (url.pathname.startsWith('/api/models/')) return void pathsInfo(request, response);
    const isHub = url.pathname.includes('/resolve/');
    const name = decodeURIComponent(url.pathname.split('/').at(-1)!);
    const manner = isHub ? 'hub' : url.pathname.split('/')[1]!;
    const { method = 'GET', headers } = request;
    server.seen.push({ manner, name, method, range: headers.range, headers: { ...headers } });
    const key = `${manner}/${name}`;
    const nBefore = counts.get(key) ?? 0;
    counts.set(key, nBefore + 1);
    const bytes = files.get(name);
    if (!bytes || !manners[manner]) return void response.writeHead(404, cors).end('no such file');
    Promise.resolve(manners[manner]({ request, response, url, bytes, name, nBefore })).catch(() => response.destroy());
  });
  const server: FaultyServer = {
    origin: '',
    files,
    seen: [],
    sentBytes: 0,
    bytesPerSecond: Infinity,
    goodFor: Infinity,
    isDown: false,
    retryAfter: '0',
    goDown() {
      server.isDown = true;
      http.closeAllConnections();
    },
    reset() {
      files.clear();
      counts.clear();
      signed.clear();
      server.seen.length = 0;
      Object.assign(server, {
        sentBytes: 0,
        bytesPerSecond: Infinity,
        goodFor: Infinity,
        isDown: false,
        retryAfter: '0',
      });
    },
    url: (manner, name) => `${server.origin}/${manner}/${name}`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  Object.assign(server, { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
  return server;
}

/** A file that begins like a model, and is as random as one. */
export function fakeModel(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let x = seed;
  for (let i = 0; i < sizeBytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    bytes[i] = x >>> 24;
  }
  bytes.set(new TextEncoder().encode('GGUF').subarray(0, sizeBytes));
  return bytes;
}
