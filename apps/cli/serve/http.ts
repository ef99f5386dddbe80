/** Node's http around a function from Request to Response. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ResourceError } from '../../../src/index.ts';

export interface Listening {
  /** `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Takes no more connections; settles when those that answer something have ended. */
  close(): Promise<void>;
}

export interface Place {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** A client that reads nothing of its answer for so long is let go. Default a minute. */
  readonly stallMs?: number;
}

type Answer = (request: Request) => Promise<Response>;

/** More than a computer at home has clients. */
const MAX_CONNECTIONS = 1024;
const STALL_MS = 60_000;

/** @throws ResourceError where nobody can listen there */
export async function listen(answer: Answer, { host, port, stallMs = STALL_MS }: Place): Promise<Listening> {
  let isClosing = false;
  let nOpen = 0;
  const closeIdle = (): void => {
    if (!isClosing) return;
    if (nOpen > 0) server.closeIdleConnections();
    else server.closeAllConnections(); // also those on which nothing was asked yet
  };
  const server = createServer((incoming, outgoing) => {
    nOpen++;
    outgoing.once('close', () => {
      nOpen--;
      setImmediate(closeIdle);
    });
    void exchange(answer, incoming, outgoing, stallMs);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'something listens there already; give another --port' : cause.message;
      reject(new ResourceError(`cannot listen at ${host}, port ${port}: ${why}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        server.close(() => resolve());
        closeIdle(); // others when they have their answer
      }),
  };
}

async function exchange(
  answer: Answer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  stallMs: number,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on('error', () => undefined); // a client that is gone
  outgoing.once('close', () => gone.abort());
  try {
    const request = requestOf(incoming, gone.signal);
    const response = request ? await answer(request) : new Response('the request cannot be read', { status: 400 });
    await send(response, incoming, outgoing, stallMs);
  } catch {
    outgoing.destroy(); // nothing more can be said
  }
}

/** Undefined where Host or path are no address. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = 'GET', url = '/', headers: given } = incoming;
  const address = /^http:\/\//i.test(url)
    ? url
    : `http://${given.host ?? 'localhost'}${url.startsWith('/') ? url : `/${url}`}`; // a whole address came as by way of a proxy
  if (!URL.canParse(address)) return undefined;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? { body: bodyOf(incoming), duplex: 'half' } : {};
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(given)) if (value !== undefined) headers.set(name, String(value));
    return new Request(address, { method, headers, signal, ...body });
  } catch {
    return undefined; // a method such as TRACE
  }
}

/** The body as it comes. Who stops reading it can still be answered, which ends the connection. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => undefined,
    },
    { highWaterMark: 0 },
  );
}

/** `Content-Type`: some clients look for it so. */
const spelled = (name: string): string => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());

async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  stallMs: number,
): Promise<void> {
  for (const [name, value] of response.headers) outgoing.setHeader(spelled(name), value);
  if (!incoming.complete && incoming.method !== 'GET') outgoing.setHeader('Connection', 'close');
  outgoing.statusCode = response.status;
  const { body } = response;
  if (!body || incoming.method === 'HEAD') {
    await body?.cancel();
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  outgoing.once('close', cancel);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await roomIn(outgoing, stallMs); // nothing more is made until it has been read
  }
  outgoing.off('close', cancel);
  outgoing.end();
}

/** Settles when there is room, or nobody who would read: who reads nothing for long counts as gone. */
function roomIn(outgoing: ServerResponse, stallMs: number): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const stalled = setTimeout(() => outgoing.destroy(), stallMs);
    const done = (): void => {
      clearTimeout(stalled);
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.once('drain', done).once('close', done);
  });
}
