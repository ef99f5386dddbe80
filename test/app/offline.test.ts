import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addServiceWorker } from '../../scripts/app/build.mjs';
import { root } from '../../scripts/app/config.mjs';
import { sendFile } from '../../scripts/app/ranges.mjs';
import { absence, browsers } from '../browser/browsers.ts';
import { openChromium, type Answer, type ChromiumApp } from './support/app.ts';
import { builtSite } from './support/built.ts';

/** The chat app without a network, in new versions, and with hosts that a user allows: what its service worker is for. */

const missing = absence(browsers.chromium);
vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

const model = join(root, 'models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');

/** Waits until all files are kept that the service worker lists. */
async function kept({ page }: ChromiumApp): Promise<void> {
  const worker = await (await page.request.get(new URL('service_worker.js', page.url()).href)).text();
  const nFiles = worker.match(/sha256:"/g)!.length;
  await page.waitForFunction(async (nWanted) => {
    const name = (await caches.keys()).find((each) => each.startsWith('thimble-app-'));
    return name !== undefined && (await (await caches.open(name)).keys()).length === nWanted;
  }, nFiles);
}

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'on a host that sends no headers', () => {
  let app: ChromiumApp;
  beforeAll(async () => void (app = await openChromium({ isolated: false, base: '/some/path' })));
  afterAll(() => app?.close());

  it('can be installed', async () => {
    await app.do('isolated');
    const devtools = await app.context.newCDPSession(app.page);
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    expect(installabilityErrors).toEqual([]);
  });

  it('opens and answers when the host is gone, with threads, from its second open on', async () => {
    await app.do('getModel');
    await kept(app);
    const first = await app.do<Answer>('ask', 'What is the capital of Italy?');
    app.site.fault = (_request, response) => {
      response.destroy();
      return true;
    };
    app.site.requests.length = 0;
    await app.context.setOffline(true);
    await app.page.reload();
    await app.do('ready');
    expect(await app.do('environment')).toMatchObject({ isolated: true, isControlled: true });
    await app.do('press', '^New chat$');
    const second = await app.do<Answer>('ask', 'What is the capital of Italy?');
    expect(second).toEqual(first);
    const isUpdateCheck = (path: string) => path.endsWith('/service_worker.js'); // the browser's own
    expect(app.site.requests.filter((path) => !isUpdateCheck(path))).toEqual([]);
  });
});

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'a new version', () => {
  let app: ChromiumApp;
  const next = mkdtempSync(join(tmpdir(), 'thimble-'));
  beforeAll(async () => {
    const now = await builtSite();
    cpSync(now, next, { recursive: true });
    const page = readFileSync(join(next, 'index.html'), 'utf8');
    writeFileSync(join(next, 'index.html'), page.replace('A language model that', 'A new language model that'));
    await addServiceWorker(next);
    app = await openChromium({ isolated: true });
  });
  afterAll(async () => {
    await app?.close();
    rmSync(next, { recursive: true });
  });

  it('waits for the end of an answer, and until the user wants it', async () => {
    await app.do('getModel');
    await kept(app);
    await app.do('say', 'Write a long story about a dragon and a princess.');
    await app.do('growing', 20);
    app.site.folder = next;
    await app.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await app.page.waitForFunction(async () => (await navigator.serviceWorker.ready).waiting !== null);
    const description = app.page.locator('meta[name=description]');
    const isNew = async () => /new/.test((await description.getAttribute('content'))!);
    const isSeen = () => app.page.getByText('A new version is here').isVisible();
    expect(await isSeen()).toBe(false);
    await app.do('press', '^Stop$');
    await app.do('see', 'A new version is here');
    expect(await isNew()).toBe(false);
    await app.do('press', '^Reload$');
    await expect.poll(() => isNew().catch(() => false), { timeout: 60_000 }).toBe(true); // it is loaded meanwhile
    const answers = await app.do<Answer[]>('answers');
    expect(answers.at(-1)).toMatchObject({ state: 'stopped' });
    expect(answers.at(-1)!.text.length).toBeGreaterThanOrEqual(20);
  });
});

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'the policy', () => {
  let app: ChromiumApp;
  const other = createServer((request, response) => {
    const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.url !== '/smollm2.gguf' || request.method === 'OPTIONS') response.end('x');
    else sendFile(model, request, response);
  });
  let origin: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    app = await openChromium({ isolated: true });
  });
  afterAll(async () => {
    await app?.close();
    other.close();
  });

  const talks = (address: string) =>
    app.page.evaluate((url) => fetch(url).then(
      () => true,
      () => false,
    ), address); // prettier-ignore
  const allow = (list: unknown) =>
    app.page.evaluate(async (hosts) => {
      const cache = await caches.open('thimble-hosts');
      await cache.put('./allowed-hosts.json', new Response(JSON.stringify(hosts)));
    }, list);

  it('lets the page talk to nobody but its host and the hosts that were allowed', async () => {
    await kept(app);
    expect(await talks(`${origin}/model.gguf`)).toBe(false);
    await allow([origin, 'https://evil.example; script-src *', 5, 'https://*']);
    await app.page.reload();
    expect(await talks(`${origin}/model.gguf`)).toBe(true);
    const policy = await app.page.locator('meta[http-equiv]').getAttribute('content');
    expect(policy).toContain(
      `connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co ${origin};`,
    );
    expect(policy).not.toContain('evil');
    await allow([]);
    await app.page.reload();
    expect(await talks(`${origin}/model.gguf`)).toBe(false);
  });

  it('lets a host in that a user names, and looks at the model there', async () => {
    await kept(app);
    const { page } = app;
    await app.do('press', '^Choose another model');
    await app.do('press', '^From an address');
    await page.getByRole('textbox', { name: 'Address' }).fill(`${origin}/smollm2.gguf`);
    await app.do('press', '^Look at it');
    await page.getByRole('dialog', { name: 'smollm2' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('h1').textContent()).toBe('Models');
    await allow([]);
  });

  it('lets no script in that is not of the app, and no picture from elsewhere', async () => {
    const violations = await app.page.evaluate(async (elsewhere) => {
      const seen: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.hacked = true';
      const image = document.createElement('img');
      image.src = `${elsewhere}/pixel.png`;
      const frame = document.createElement('iframe');
      frame.src = elsewhere;
      document.body.append(script, image, frame);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return [...new Set(seen)].sort();
    }, origin);
    expect(violations).toEqual(['frame-src', 'img-src', 'script-src-elem']);
    expect(await app.page.evaluate('window.hacked')).toBeUndefined();
  });
});
