import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, extname, join, normalize } from 'node:path';
import { importPeer } from './install.ts';

/** A page in headless Chromium, served from folders of this machine with what `SharedArrayBuffer` takes. */
export interface Page {
  readonly version: string;
  /** Gives files to the page's file input, as a user would. */
  setFiles(paths: readonly string[]): Promise<void>;
  /** Imports a module by its path on the server and calls one of its functions. */
  call<T>(module: string, name: string, ...args: readonly unknown[]): Promise<T>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Folder whose node_modules has playwright-core. */
  readonly dir: string;
  readonly chromium: string;
  /** Has WebGPU, on the CPU where there is no GPU. */
  readonly gpu?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders by the first part of the path they are served under. */
  readonly mounts: Readonly<Record<string, string>>;
}

/** The part of playwright-core that is used. */
interface Playwright {
  readonly chromium: {
    launchPersistentContext(profile: string, options: Record<string, unknown>): Promise<Context>;
  };
}
interface Context {
  pages(): PlaywrightPage[];
  browser(): { version(): string } | null;
  close(): Promise<void>;
}
interface PlaywrightPage {
  goto(url: string): Promise<unknown>;
  setInputFiles(selector: string, paths: readonly string[]): Promise<void>;
  evaluate<T, A>(work: (arg: A) => Promise<T>, arg: A): Promise<T>;
  on(event: 'pageerror', listener: (error: Error) => void): void;
}

const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-quic'].concat([
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]);

export async function openPage({ dir, chromium, gpu, env, mounts }: PageOptions): Promise<Page> {
  const { chromium: browserType } = await importPeer<Playwright>(dir, 'playwright-core/index.mjs');
  const server = await serve(mounts);
  const profile = mkdtempSync(join(tmpdir(), 'thimble-bench-'));
  const context = await browserType.launchPersistentContext(profile, {
    ...{ executablePath: chromium, headless: true, env: { ...process.env, ...env } },
    args: gpu ? [...flags, '--enable-unsafe-webgpu'] : flags,
  });
  const page = context.pages()[0]!;
  page.on('pageerror', (error) => process.stderr.write(`error in the page: ${error.message}\n`));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    version: context.browser()?.version() ?? 'of unknown version',
    setFiles: (paths) => page.setInputFiles('input', paths),
    call: (module, name, ...args) =>
      page.evaluate(
        async ({ module, name, args }) => {
          const exports = (await import(module)) as Record<string, (...args: unknown[]) => Promise<never>>;
          return exports[name]!(...args);
        },
        { module, name, args },
      ),
    async close() {
      await Promise.race([context.close(), new Promise((resolve) => setTimeout(resolve, 5000))]);
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Cross-origin isolation: without it pages share no memory among threads. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

async function serve(mounts: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://localhost').pathname));
    if (path === '/') {
      response.writeHead(200, { ...headers, 'content-type': 'text/html' });
      return response.end('<!doctype html><title>bench</title><input type="file" multiple>');
    }
    const [, mount, ...rest] = path.split('/');
    const file = join(mounts[mount!] ?? '', ...rest);
    if (!(mount! in mounts) || !existsSync(file) || !statSync(file).isFile())
      return response.writeHead(404, headers).end();
    response.writeHead(200, { ...headers, 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** The first Chromium or Chrome on the PATH. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
