import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { modelsFolder } from '../../../scripts/app/config.mjs';
import { sendFile } from '../../../scripts/app/ranges.mjs';
import { isolation } from '../../../scripts/app/serve.mjs';

/** Takes a request out of the server's hands: `true` where it did. */
export type Fault = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export interface SiteOptions {
  readonly folder: string;
  /** Sends the headers that give pages shared memory. */
  readonly isolated: boolean;
  /** The site lies below this path: `/sub/path`. */
  readonly base?: string;
  /** Changes scripts, by a part of their path; for browsers that block service workers, which would refuse them. */
  readonly patches?: Readonly<Record<string, (script: string) => string>>;
}

export interface Site {
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** What goes wrong from now on. */
  fault: Fault | undefined;
  /** What is served from now on. */
  folder: string;
  /** Has a page that runs driver.mjs take a step. */
  ask(step: string, args: readonly unknown[]): Promise<unknown>;
  close(): void;
}

interface Pending {
  readonly json: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const driverFolder = '/__test/';

/** A static host, and beside its site a page that drives the app in a frame, for browsers without a driver. */
export async function serveSite(options: SiteOptions): Promise<Site> {
  const { isolated, base = '', patches = {} } = options;
  const headers: Record<string, string> = isolated ? isolation : {};
  const requests: string[] = [];
  const steps = stepQueue();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://host');
    requests.push(pathname);
    if (site.fault?.(request, response, pathname)) return;
    if (pathname === `${driverFolder}next`) return void steps.next(request, response, headers);
    const file = pathname.startsWith(driverFolder)
      ? new URL(pathname.slice(driverFolder.length), import.meta.url).pathname
      : fileOf(site.folder, base, pathname);
    if (file === undefined || !existsSync(file) || statSync(file).isDirectory())
      return void response.writeHead(404, headers).end('not found');
    const patch = Object.entries(patches).find(([part]) => pathname.includes(part))?.[1];
    if (!patch) return sendFile(file, request, response, headers);
    response.writeHead(200, { ...headers, 'Content-Type': 'text/javascript' }).end(patch(readFileSync(file, 'utf8')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const site: Site = {
    url: `http://localhost:${(server.address() as AddressInfo).port}${base}/`,
    requests,
    fault: undefined,
    folder: options.folder,
    ask: steps.ask,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return site;
}

function fileOf(folder: string, base: string, pathname: string): string | undefined {
  if (!pathname.startsWith(`${base}/`)) return undefined;
  const path = pathname.slice(base.length);
  const model = /^\/models\/([\w.-]+)$/.exec(path)?.[1];
  return model === undefined ? join(folder, path.replace(/\/$/, '/index.html')) : join(modelsFolder, model);
}

/** As in test/browser/server.ts: the page posts what came of the last step, and gets the next. */
function stepQueue() {
  let page: { response: ServerResponse; headers: Record<string, string> } | undefined;
  let pending: Pending | undefined;
  const handOver = () => {
    if (!page || !pending) return;
    page.response.writeHead(200, page.headers).end(pending.json);
    page = undefined;
  };
  return {
    async next(request: IncomingMessage, response: ServerResponse, headers: Record<string, string>) {
      const outcome = await text(request);
      if (outcome !== '') {
        const { result, error } = JSON.parse(outcome) as { result?: unknown; error?: string };
        if (error === undefined) pending?.resolve(result);
        else pending?.reject(new Error(error));
        pending = undefined;
      }
      page = { response, headers };
      handOver();
    },
    ask: (step: string, args: readonly unknown[]) =>
      new Promise<unknown>((resolve, reject) => {
        pending = { json: JSON.stringify({ step, args }), resolve, reject };
        handOver();
      }),
  };
}
