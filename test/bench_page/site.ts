import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The page as a static host has it: bench/ and models/ beside each other. */
export interface Site {
  serve(options: SiteOptions): Promise<Served>;
  remove(): void;
}

export interface SiteOptions {
  /** Sends the headers that give a page shared memory. */
  readonly isolated: boolean;
  /** A script of test/bench_page that the page runs beside its own; what it posts to /report is what `reported` gives. */
  readonly driver?: string;
}

export interface Served {
  readonly url: string;
  readonly reported: Promise<unknown>;
  close(): void;
}

const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' },
  ...{ '.wasm': 'application/wasm', '.svg': 'image/svg+xml' },
};

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export function buildSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'thimble-bench-page-'));
  const script = fileURLToPath(new URL('./build.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return {
    serve: (options) => serve(folder, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The file behind a path of the site. */
function fileOf(folder: string, path: string): string | undefined {
  if (path.includes('..')) return undefined;
  if (path === '/bench/') return join(folder, 'index.html');
  if (path.startsWith('/bench/')) return join(folder, path.slice(7));
  if (path.startsWith('/models/')) return join(root, 'apps/dist', path);
  return path.startsWith('/driver/') ? join(root, 'test/bench_page', path.slice(8)) : undefined;
}

async function serve(folder: string, { isolated, driver }: SiteOptions): Promise<Served> {
  const headers = { ...(isolated ? isolation : {}), 'Cache-Control': 'no-store' };
  let report: (what: unknown) => void;
  const reported = new Promise((resolve) => (report = resolve));

  function send(path: string, response: ServerResponse): void {
    const file = fileOf(folder, path);
    const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    if (!file || !found?.isFile()) return void response.writeHead(404, headers).end();
    response.writeHead(200, { ...headers, 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    if (driver && path === '/bench/') {
      const page = readFileSync(file, 'utf8');
      response.end(page.replace('</body>', `<script type="module" src="/driver/${driver}"></script></body>`));
    } else createReadStream(file).pipe(response);
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    if (pathname === '/report') {
      report(JSON.parse(await text(request)));
      response.writeHead(204, headers).end();
    } else send(decodeURIComponent(pathname), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/bench/`,
    reported,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
