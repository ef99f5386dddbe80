import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { absence, browsers, openPage, type Browser, type Page, type PageOptions } from './browsers.ts';

/** `thimble/isolate` on a host that sends no headers: the script that a page includes, and that is its service worker. */

const script = readFileSync(new URL('../../dist/isolate.js', import.meta.url), 'utf8');
const page = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const counting = "<script>sessionStorage.setItem('loads', 1 + Number(sessionStorage.getItem('loads')));</script>";
const including = (tag: string) => page.replace('<title>', `${counting}${tag}<title>`);
const replaced = { '/isolate.js': script, '/': including('<script src="/isolate.js"></script>') };

interface Environment {
  readonly isolated: boolean;
  readonly sharedMemory: boolean;
  /** How often the page was loaded in its tab. */
  readonly nLoads: number;
}

async function withPage(browser: Browser, options: Partial<PageOptions>, use: (page: Page) => Promise<void>) {
  const opened = await openPage(browser, { isolated: false, replaced, ...options });
  try {
    await use(opened);
  } finally {
    await opened.close();
  }
}

/** The page as it comes to be: a step that a reload cuts off is asked again. */
const comesTo = (page: Page, wanted: Partial<Environment>) =>
  expect.poll(() => page.ask('environment'), { timeout: 30_000, interval: 100 }).toMatchObject(wanted);

/** It is what it is a while later. */
async function stays(page: Page, wanted: Partial<Environment>) {
  await comesTo(page, wanted);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await page.ask('environment')).toMatchObject(wanted);
}

for (const browser of Object.values(browsers)) {
  const missing = absence(browser);
  describe.skipIf(missing)(missing ? `${browser.name} (skipped: ${missing})` : browser.name, () => {
    const isChromium = browser === browsers.chromium;
    const isWebkit = browser === browsers.webkit || browser === browsers.webkitThreads;

    it('is isolated after one reload, and stays so', async () => {
      await withPage(browser, {}, async (page) => {
        const { sharesMemory } = browser;
        await comesTo(page, { isolated: true, sharedMemory: sharesMemory, nLoads: 2 });
        await page.ask('reload');
        await stays(page, { isolated: true, nLoads: 3 });
      });
    });

    it('leaves requests alone that decide nothing', async () => {
      await withPage(browser, {}, async (page) => {
        await comesTo(page, { isolated: true });
        const model = '/models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf';
        const opaque = isWebkit ? 'blocked' : 'opaque'; // Safari's way to isolation lets nothing in that does not say so
        expect(await page.ask('requests', model)).toEqual({ range: [206, 4], opaque: [opaque, 0], posted: 'a body' });
      });
    });

    it(`${isChromium ? 'is isolated' : 'stays as it is'} in a frame of a foreign page`, async () => {
      await withPage(browser, { foreign: true, path: 'test/browser/frame.html' }, async (page) => {
        await stays(page, { isolated: isChromium, nLoads: isChromium ? 2 : 1 });
      });
    });

    it('waits for no worker that cannot be installed', async () => {
      const broken = {
        '/broken.js':
          "addEventListener('install', (event) => event.waitUntil(Promise.reject(new Error('no network'))));",
        '/': including(
          `<script type="module">
            import { isolatePage } from '/dist/web/isolate.js';
            sessionStorage.setItem('loads', (await isolatePage('/broken.js')) ? '200' : '100');
          </script>`,
        ),
      };
      await withPage(browser, { replaced: broken }, async (page) => {
        await stays(page, { isolated: false, nLoads: 100 });
      });
    });

    it('loads no page again and again that is not isolated by it', async () => {
      const useless = {
        ...replaced,
        '/isolate.js': script.replaceAll('isolate-and-credentialless', 'none').replaceAll('same-origin', 'unsafe-none'),
      };
      await withPage(browser, { replaced: useless }, async (page) => {
        await stays(page, { isolated: false, nLoads: 2 });
        await page.ask('reload');
        await stays(page, { isolated: false, nLoads: 3 });
      });
    });

    it("works with a site's own worker", async () => {
      const own = `importScripts('/isolate.js');
        addEventListener('install', () => skipWaiting());
        addEventListener('fetch', (event) => event.respondWith(answer(event.request)));
        const answer = async (request) =>
          request.url.endsWith('/hello') ? new Response('from the worker') : thimbleIsolated(await fetch(request), request);`;
      const tag = '<script src="/isolate.js" data-worker="/sw.js"></script>';
      await withPage(browser, { replaced: { ...replaced, '/sw.js': own, '/': including(tag) } }, async (page) => {
        await comesTo(page, { isolated: true, nLoads: 2 });
        expect(await page.ask('fetchText', '/hello')).toBe('from the worker');
      });
    });
  });
}
