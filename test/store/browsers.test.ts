import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openModel, type StoredModel, type StoreProgress } from 'thimble';
import { absence, browsers, chromiumPath, openPage } from '../browser/browsers.ts';
import { serve, type TestServer } from '../browser/server.ts';
import { fakeModel, sha256, startServer, type FaultyServer } from './server.ts';

/** The store in real browsers: OPFS in Chromium and Firefox, IndexedDB in WebKitGTK, whose OPFS fails as that of Safari's private windows does. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const shards = [1, 2].map((n) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`);
const MiB = 2 ** 20;
const big = fakeModel(20 * MiB + 12_345);
const isBig = { isComplete: true, sha256: sha256(big), doneBytes: big.length };
const patience = { stallMs: 3000, firstMs: 5, mostMs: 50, nTries: 12 };

let host: FaultyServer;
beforeAll(async () => {
  host = await startServer();
});
afterAll(() => host.close());
beforeEach(() => {
  host.reset();
  host.files.set('big.gguf', big);
  for (const name of shards) host.files.set(name, readFileSync(join(root, 'models', name)));
});

const source = (manner: string) => ({ url: host.url(manner, 'big.gguf') });
const dataRequests = () => host.seen.filter(({ range }) => range !== undefined && range !== 'bytes=0-0');

/** Runs a step of page.mjs. */
type Step = (name: string, ...args: readonly unknown[]) => Promise<unknown>;

const survived = ['good', 'noRanges', 'dropsRanges', 'breaksOff', 'stalls', 'busy', 'htmlMidway', 'hidden', 'packed'];
const fatal = [
  ['error500', 'ResourceError', /answered 500 .*tries\)/],
  ['missing', 'ResourceError', /answered 404 .*; check the address/],
  ['html', 'ResourceError', /answered a web page \(HTML\)/],
  ['htmlAsFile', 'FormatError', /a web page \(HTML\) came, expected a GGUF file/],
  ['poisoned', 'FormatError', /is not the file that it should be: SHA-256/],
] as const;

/** What every browser does alike. */
function testStore(name: string, step: Step): void {
  it.each(survived)('downloads from a server of this kind: %s', async (manner) => {
    const wanted = { ...source(manner), sha256: sha256(big) };
    expect(await step('download', wanted, { patience })).toMatchObject({ ...isBig, isVerified: true });
    expect(await step('exported', 'big.gguf')).toEqual(sha256(big));
    expect(await step('delete', 'big.gguf')).toBe('deleted');
  });

  it.each(fatal)('says what is wrong, and keeps nothing: %s', async (manner, name, message) => {
    const failed = await step('download', { ...source(manner), sha256: sha256(big) }, { patience });
    expect(failed).toEqual({ failed: name, message: expect.stringMatching(message) });
    expect(await step('list')).toEqual([]);
    expect(await step('usage')).toMatchObject({ usedBytes: 0 });
  });

  it.skipIf(name === 'webkit')('asks for room before a byte is fetched, and says how much is missing', async () => {
    const failed = await step('download', source('huge'), { patience });
    const message = /big\.gguf needs 1,125,899,906,842,624 bytes more, and there is room for [\d,]+; delete a model/;
    expect(failed).toEqual({ failed: 'ResourceError', message: expect.stringMatching(message) });
    expect(dataRequests()).toEqual([]);
    expect(await step('list')).toEqual([]);
  });

  it('pauses and goes on; what lies there is checked', async () => {
    host.bytesPerSecond = 15 * MiB;
    await step('start', 'p', source('good'), { patience, nConnections: 1 });
    await until(async () => ((await step('progress', 'p')) as StoreProgress).doneBytes > 9 * MiB);
    await step('pause', 'p');
    await until(async () => ((await step('progress', 'p')) as StoreProgress).state === 'paused');
    expect(await step('list')).toMatchObject([{ isComplete: false, doneBytes: 8 * MiB, sizeBytes: big.length }]);
    host.sentBytes = 0;
    host.bytesPerSecond = Infinity;
    await step('resume', 'p');
    expect(await step('ended', 'p')).toMatchObject(isBig);
    expect(host.sentBytes).toBeLessThan(14 * MiB);
    const states = ((await step('told', 'p')) as StoreProgress[]).map(({ state }) => state);
    expect(states).toEqual(expect.arrayContaining(['starting', 'running', 'paused', 'checking', 'done']));
    await step('delete', 'big.gguf');
  });

  it.each(['pause', 'cancel'])('stops before anything was asked for: %s', async (what) => {
    await step('atOnce', 'x', what, source('good'), { patience });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(host.seen).toEqual([]);
    await step('cancel', 'x');
    expect(await step('ended', 'x')).toMatchObject({ failed: 'AbortError' });
    expect(await step('list')).toEqual([]);
  });

  it('downloads again what was removed underneath', async () => {
    expect(await step('download', source('good'), { patience })).toMatchObject(isBig);
    await step('loseBytes');
    expect(await step('download', source('good'), { patience })).toMatchObject(isBig);
    expect(await step('exported', 'big.gguf')).toEqual(sha256(big));
    expect(await step('delete', 'big.gguf')).toBe('deleted');
  });

  it('imports files, opens a model from storage, and answers as Node does', async () => {
    const model = (await step('download', { hf: `org/repo/${shards[0]}`, endpoint: host.origin })) as StoredModel;
    expect(model).toMatchObject({ name: `org/repo/${shards[0]}`, nShards: 2, isVerified: true, isComplete: true });
    const inNode = await openModel(join(root, 'models', shards[0]!), { nCtx: 256 });
    const { tokens } = await inNode.generate('Once upon a time', { temperature: 0, maxTokens: 16 }).result;
    await inNode.close();
    await step('open', { store: model.name }, { nCtx: 256 });
    expect(await step('generate', 'Once upon a time')).toEqual(tokens);
    expect(await step('delete', model.name)).toMatchObject({
      failed: 'ResourceError',
      message: expect.stringContaining('is open'),
    });
    await step('close');
    const first = tokens.slice(0, 4);
    expect(await step('openTwice', { store: model.name }, { nCtx: 64, threads: 1 })).toEqual([first, first]);
    expect(await step('delete', model.name)).toBe('deleted');
    expect(await step('import', host.url('good', 'big.gguf'), 'mine.gguf')).toMatchObject({
      name: 'mine.gguf',
      from: 'file',
      ...isBig,
    });
    expect(await step('import', host.url('good', 'big.gguf'), 'mine.gguf')).toMatchObject({ failed: 'ResourceError' });
    expect(await step('usage')).toMatchObject({ usedBytes: big.length });
    expect(await step('delete', 'mine.gguf')).toBe('deleted');
    expect(await step('usage')).toMatchObject({ usedBytes: 0 });
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 3000; n++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it never came to that');
}

for (const browser of [browsers.firefox, browsers.webkit]) {
  const missing = absence(browser);
  describe.skipIf(missing)(missing ? `${browser.name} (skipped: ${missing})` : browser.name, () => {
    let page: Awaited<ReturnType<typeof openPage>>;
    beforeAll(async () => void (page = await openPage(browser, { isolated: true, path: 'test/store/page.html' })));
    afterAll(() => page?.close());
    testStore(browser.name, (name, ...args) => page.ask(name, ...args));
  });
}

const noChromium = absence(browsers.chromium);
const executablePath = chromiumPath();
const args = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const stepOf =
  (page: Page): Step =>
  (name, ...args) =>
    page.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { steps: Record<string, (...args: unknown[]) => unknown> }).steps[name]!(...args),
      [name, args] as const,
    );

describe.skipIf(noChromium)(noChromium ? `chromium (skipped: ${noChromium})` : 'chromium', () => {
  let site: TestServer;
  let profile: string;
  let context: BrowserContext;
  let page: Page;
  const open = async (where: BrowserContext, { url } = site): Promise<Page> => {
    const opened = await where.newPage();
    await opened.goto(`${url}test/store/page.html?driven`);
    await until(() => opened.evaluate(() => 'steps' in globalThis)); // waitForFunction evaluates texts, which policies forbid
    return opened;
  };

  beforeAll(async () => {
    site = await serve({ root, isolated: true });
    profile = mkdtempSync(join(tmpdir(), 'thimble-'));
    context = await chromium.launchPersistentContext(profile, { executablePath: executablePath!, args });
    page = await open(context);
  });
  afterAll(async () => {
    await context?.close();
    site?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  testStore('chromium', (...args) => stepOf(page)(...args));

  describe('whatever happens to a tab', () => {
    afterEach(async () => {
      await stepOf(page)('delete', 'big.gguf');
    });

    it('goes on after a crash in the middle of a download', async () => {
      host.bytesPerSecond = 15 * MiB;
      const tab = await open(context);
      await stepOf(tab)('start', 'c', source('good'), { patience, nConnections: 1 });
      await until(async () => ((await stepOf(tab)('progress', 'c')) as StoreProgress).doneBytes > 13 * MiB);
      const crashed = new Promise((resolve) => tab.once('crash', resolve));
      const devtools = await context.newCDPSession(tab);
      void devtools.send('Page.crash').catch(() => undefined);
      await crashed;
      host.bytesPerSecond = Infinity;
      host.sentBytes = 0;
      const another = await open(context);
      expect(await stepOf(another)('list')).toMatchObject([{ isComplete: false, doneBytes: 8 * MiB }]);
      expect(await stepOf(another)('download', source('good'))).toMatchObject(isBig);
      expect(host.sentBytes).toBeLessThan(13 * MiB);
      expect(await stepOf(another)('exported', 'big.gguf')).toEqual(sha256(big));
      await another.close();
      await tab.close();
    });

    it('a second tab follows the first one, and takes over where that is closed', async () => {
      host.bytesPerSecond = 15 * MiB;
      const [first, second] = [await open(context), await open(context)];
      await stepOf(first)('start', 'a', source('good'), { patience });
      await until(async () => ((await stepOf(first)('progress', 'a')) as StoreProgress).doneBytes > 2 * MiB);
      await stepOf(second)('start', 'b', source('good'), { patience });
      await until(async () => ((await stepOf(second)('progress', 'b')) as StoreProgress).state === 'waiting');
      expect(await stepOf(second)('progress', 'b')).toMatchObject({ reason: expect.stringContaining('another tab') });
      await first.close();
      expect(await stepOf(second)('ended', 'b')).toMatchObject(isBig);
      expect(await stepOf(second)('exported', 'big.gguf')).toEqual(sha256(big));
      await second.close();
    });

    it('both tabs have the model when one has downloaded it', async () => {
      host.bytesPerSecond = 30 * MiB;
      const second = await open(context);
      await stepOf(page)('start', 'a', source('good'), { patience });
      await until(async () => ((await stepOf(page)('progress', 'a')) as StoreProgress).doneBytes > 2 * MiB);
      await stepOf(second)('start', 'b', source('good'), { patience });
      expect(await Promise.all([stepOf(page)('ended', 'a'), stepOf(second)('ended', 'b')])).toMatchObject([
        isBig,
        isBig,
      ]);
      expect(host.sentBytes).toBeLessThan(1.1 * big.length);
      await second.close();
    });

    it('waits while there is no network', async () => {
      host.bytesPerSecond = 15 * MiB;
      await stepOf(page)('start', 'o', source('good'), { patience });
      await until(async () => ((await stepOf(page)('progress', 'o')) as StoreProgress).doneBytes > 2 * MiB);
      host.goDown();
      await until(async () => ((await stepOf(page)('progress', 'o')) as StoreProgress).state === 'waiting');
      host.isDown = false;
      expect(await stepOf(page)('ended', 'o')).toMatchObject(isBig);
    });

    it("keeps the page's thread free: no task over 50 ms", async () => {
      await stepOf(page)('watch');
      expect(await stepOf(page)('download', source('good'))).toMatchObject(isBig);
      expect(await stepOf(page)('watched')).toEqual([]);
    });
  });

  it('brings its thread along where a bundler has left store.js behind', async () => {
    const bare = await serve({ root, isolated: false, replaced: { '/dist/web/store.js': undefined } });
    try {
      const tab = await open(context, bare);
      expect(await stepOf(tab)('download', source('good'))).toMatchObject(isBig);
      await tab.close();
    } finally {
      bare.close();
    }
  });

  it('says what to do where no thread may start', async () => {
    const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
    const strict = await serve({ root, isolated: false, policy });
    try {
      const tab = await open(context, strict);
      const message = /the store's thread cannot start: .*allow it \(worker-src 'self'\)/;
      expect(await stepOf(tab)('download', source('good'))).toEqual({
        failed: 'ResourceError',
        message: expect.stringMatching(message),
      });
      await tab.close();
    } finally {
      strict.close();
    }
  });

  it('asks OPFS itself for room, where the browser promises more than it gives', async () => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 10 * MiB });
    expect(await stepOf(page)('download', source('good'), { patience })).toEqual({
      failed: 'ResourceError',
      message: expect.stringMatching(/20,983,865 bytes/),
    });
    expect(dataRequests()).toEqual([]);
    expect(await stepOf(page)('list')).toEqual([]);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin });
  });

  describe('in a private window', () => {
    let browser: Browser;
    let tab: Page;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath!, args });
      tab = await open(await browser.newContext());
    });
    afterAll(() => browser?.close());

    it('downloads', async () => {
      expect(await stepOf(tab)('download', source('good'))).toMatchObject(isBig);
      expect(await stepOf(tab)('exported', 'big.gguf')).toEqual(sha256(big));
      expect(await stepOf(tab)('delete', 'big.gguf')).toBe('deleted');
    });

    it('says so where there is no room, whatever write() returns', async () => {
      const devtools = await tab.context().newCDPSession(tab);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 10 * MiB });
      for (const manner of ['good', 'noRanges', 'packed']) {
        const failed = await stepOf(tab)('download', source(manner), { patience });
        expect(failed, manner).toMatchObject({
          failed: 'ResourceError',
          message: expect.stringMatching(/no room for [\d,]+ bytes more/),
        });
        expect(await stepOf(tab)('open', { store: 'big.gguf' }).catch((error: Error) => error.message)).toMatch(
          /ResourceError: big\.gguf is not/,
        );
        expect(await stepOf(tab)('delete', 'big.gguf')).toBe('deleted');
      }
    });
  });
});
