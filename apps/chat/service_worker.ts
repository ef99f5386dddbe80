/**
 * The apps without a network: all files of a version lie in a cache of its own. It answers pages with the headers that give them threads, and
 * with a policy that lets them talk to the hosts that the user chose. Models are none of its business: they are in the store.
 */
import { isolated } from 'thimble/isolate';
import { contentPolicy, modelHosts, withPolicy } from './policy.mjs';
import { chosenHosts } from './src/offline/allow_list.ts';
import type { FromWorker, ToWorker } from './src/offline/messages.ts';
import type { WorkerScope } from './src/offline/worker_scope.ts';

/** What scripts/app/build.mjs puts in. Paths are relative; a folder stands for its page. */
declare const BUILT: {
  readonly version: string;
  readonly files: readonly BuiltFile[];
};

interface BuiltFile {
  readonly path: string;
  /** In base64. */
  readonly sha256: string;
}

const worker = self as unknown as WorkerScope;
const prefix = 'thimble-app-';
const cacheName = prefix + BUILT.version;
const hashHeader = 'X-Thimble-Sha256';
const { scope } = worker.registration;
const byAddress = new Map(BUILT.files.map((file) => [new URL(file.path, scope).href, file]));

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => event.waitUntil(onMessage(event.data as ToWorker, event.ports[0])));
worker.addEventListener('fetch', (event) => {
  const answer = answerFor(event.request);
  if (answer) event.respondWith(answer);
});

/**
 * A new version waits until all of it is there, and then until the user wants it. The first one takes over at once, for the page's threads, and
 * keeps the files when that asks for it.
 */
async function install(): Promise<void> {
  if (worker.registration.active) await Promise.all(BUILT.files.map(keep));
  else await worker.skipWaiting();
}

/** Files that did not change are taken from the version before. */
async function keep(file: BuiltFile): Promise<void> {
  const { href } = new URL(file.path, scope);
  const cache = await caches.open(cacheName);
  const before = await caches.match(href);
  if (before?.headers.get(hashHeader) === file.sha256) return cache.put(href, before);
  const response = await fetch(href, { cache: 'no-cache', integrity: `sha256-${file.sha256}` });
  if (!response.ok) throw new Error(`${href} answered ${response.status}`);
  const headers = new Headers({ [hashHeader]: file.sha256 });
  for (const name of ['Content-Type', 'Content-Length']) {
    const value = response.headers.get(name);
    if (value !== null && !(name === 'Content-Length' && response.headers.has('Content-Encoding')))
      headers.set(name, value);
  }
  await cache.put(href, new Response(response.body, { headers }));
}

/** Other tabs may still show the version before: its files stay until the next one comes. */
async function activate(): Promise<void> {
  await worker.clients.claim();
  const versions = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
  for (const name of versions.slice(0, -1)) await caches.delete(name);
}

function answerFor(request: Request): Promise<Response> | undefined {
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return undefined;
  const href = origin + pathname.replace(/(^|\/)index\.html$/, '$1');
  const isPage = request.mode === 'navigate';
  const file = byAddress.get(isPage && byAddress.has(`${href}/`) ? `${href}/` : href);
  if (file) return fromCache(new URL(file.path, scope).href, request);
  return href.startsWith(new URL('assets/', scope).href) ? fromCache(href, request) : undefined; // of the version before
}

async function fromCache(href: string, request: Request): Promise<Response> {
  const current = await caches.open(cacheName);
  const response = (await current.match(href)) ?? (await caches.match(href)) ?? (await fetch(request));
  const answer = isolated(response, request);
  return answer === response ? response : ruled(answer);
}

/** A page or a worker with the policy that lets it talk to the hosts of now. */
async function ruled(answer: Response): Promise<Response> {
  const policy = contentPolicy([...modelHosts, ...(await chosenHosts())]);
  const headers = new Headers(answer.headers);
  headers.set('Content-Security-Policy', policy);
  headers.delete('Content-Length');
  // A page that its host isolated starts no workers without it.
  if (!headers.has('Cross-Origin-Embedder-Policy')) headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  const isPage = /^text\/html/.test(headers.get('Content-Type') ?? '');
  const { status } = answer;
  return new Response(isPage ? withPolicy(await answer.text(), policy) : answer.body, { status, headers });
}

async function onMessage(message: ToWorker, port: MessagePort | undefined): Promise<void> {
  if (message.type === 'takeOver') await worker.skipWaiting();
  else if (message.type === 'keepFiles') await keepFiles();
  else port?.postMessage(await look(message.url));
}

/** What fails is asked for at the next visit. */
async function keepFiles(): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const file of BUILT.files)
    if (!(await cache.match(new URL(file.path, scope).href))) await keep(file).catch(() => undefined);
}

/** One byte is asked for. */
async function look(url: string): Promise<FromWorker> {
  try {
    const response = await fetch(url, { headers: { Range: 'bytes=0-0' }, cache: 'no-store' });
    await response.body?.cancel();
    return { hosts: [new URL(url).origin, new URL(response.url).origin] };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
