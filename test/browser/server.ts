import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface ServeOptions {
  /** The repository. */
  readonly root: string;
  /** A folder of it that is served as a site; absent: the pages of these tests. */
  readonly site?: string;
  /** Sends the headers that give a page SharedArrayBuffer. */
  readonly isolated: boolean;
  /** These headers are the page's alone: scripts have none. */
  readonly bareScripts?: boolean;
  /** The Content-Security-Policy of the page, its scripts and its workers. */
  readonly policy?: string;
  /** Scripts and pages served in place of files, by path: ways to make a worker fail. `undefined`: the file is not there. Read at each request. */
  readonly replaced?: Readonly<Record<string, string | undefined>>;
  /** Files that lie elsewhere, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly url: string;
  /** The same page by another name: it is of another origin. */
  readonly foreignUrl: string;
  /** Has the page run a step of page.mjs; rejects with the page's error. */
  ask(step: string, args: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** A step that the page has not answered yet. */
interface Pending {
  readonly json: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What the page posts after a step. */
interface Outcome {
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
};

const publicFiles = /^\/(bench\/dist|dist|models|test)(\/[\w-][\w.-]*)+$/;

/** Serves the repository's files to one page, and steps to run: the page posts to /next what came of the last one. */
export async function serve({
  root,
  site,
  isolated,
  bareScripts = false,
  policy,
  replaced = {},
  files = {},
}: ServeOptions): Promise<TestServer> {
  const allowed = policy === undefined ? {} : { 'Content-Security-Policy': policy };
  const headers = { ...(isolated ? isolation : {}), ...allowed, 'Cache-Control': 'no-store' };
  let page: ServerResponse | undefined; // the page's request for a step, held until there is one
  let pending: Pending | undefined;

  function handOver(): void {
    if (!page || !pending) return;
    page.writeHead(200, headers).end(pending.json);
    page = undefined;
  }

  function settle({ result, error }: Outcome): void {
    if (error) pending?.reject(Object.assign(new Error(error.message), { name: error.name }));
    else pending?.resolve(result);
    pending = undefined;
  }

  async function sendFile(path: string, response: ServerResponse, range?: string): Promise<void> {
    const file = files[path] ?? join(root, site ?? '', path.replace(/\/$/, '/index.html'));
    const isPublic = path in files || (site === undefined ? publicFiles.test(path) : !path.includes('..'));
    const found = isPublic ? await stat(file).catch(() => undefined) : undefined;
    if (!found?.isFile()) return void response.writeHead(404, headers).end();
    const contentType = contentTypes[extname(file)] ?? 'application/octet-stream';
    const [, start, end] = (/^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []).map(Number);
    const part = start === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${found.size}` };
    const size = start === undefined ? found.size : end! - start + 1;
    const status = start === undefined ? 200 : 206;
    const sent = bareScripts && file.endsWith('.js') ? { 'Cache-Control': 'no-store' } : headers;
    response.writeHead(status, { ...sent, ...part, 'Content-Type': contentType, 'Content-Length': size });
    createReadStream(file, { start, end }).pipe(response);
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const script = replaced[pathname];
    if (pathname === '/next') {
      const outcome = await text(request);
      if (outcome !== '') settle(JSON.parse(outcome) as Outcome);
      page = response;
      handOver();
    } else if (pathname === '/echo') {
      response.writeHead(200, headers).end(await text(request));
    } else if (pathname in replaced && script === undefined) {
      response.writeHead(404, headers).end();
    } else if (script !== undefined) {
      const contentType = contentTypes[extname(pathname) || '.html'] ?? 'text/javascript'; // kernels, too
      response.writeHead(200, { ...headers, 'Content-Type': contentType }).end(script);
    } else {
      const path = pathname === '/' && site === undefined ? '/test/browser/page.html' : pathname;
      await sendFile(path, response, request.headers.range);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    foreignUrl: `http://127.0.0.1:${port}/`,
    ask: (step, args) =>
      new Promise((resolve, reject) => {
        pending = { json: JSON.stringify({ step, args }), resolve, reject };
        handOver();
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
