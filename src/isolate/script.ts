/**
 * One classic script for sites that have no service worker of their own, and no way to send headers. A page includes it first:
 *
 *     <script src="/isolate.js"></script>
 *
 * It registers itself as a service worker, which adds the headers, and loads the page again, once. With `data-worker="/sw.js"` it registers
 * the site's own worker instead, which may take the function from here: `importScripts('/isolate.js')`, then `thimbleIsolated(response,
 * request)`.
 */
import { decides, isolated } from './headers.ts';
import { isolatePage } from './page.ts';

/** What a service worker has, as far as it is needed here. */
interface ServiceWorker {
  thimbleIsolated: typeof isolated;
  readonly location: Location;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install', listener: () => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** Says that the script is a worker by itself; without, another worker has imported it. */
const ROLE = 'isolate';

if ('document' in self) {
  const { src, dataset } = document.currentScript as HTMLScriptElement;
  const own = new URL(src);
  own.searchParams.set(ROLE, '');
  void isolatePage(dataset['worker'] ?? own.href);
} else {
  const worker = self as unknown as ServiceWorker;
  worker.thimbleIsolated = isolated;
  if (new URL(worker.location.href).searchParams.has(ROLE)) {
    worker.addEventListener('install', () => void worker.skipWaiting());
    worker.addEventListener('fetch', (event) => {
      const { request } = event;
      if (decides(request)) event.respondWith(fetch(request).then((response) => isolated(response, request)));
    });
  }
}
