import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ModelRecord } from '../../src/store/place.ts';
import { absence, browsers } from '../browser/browsers.ts';
import { openChromium, stepOf, type Answer, type ChromiumApp } from './support/app.ts';
import type { Fault } from './support/site.ts';

/** What goes wrong on phones and servers, as a user sees it: a clear message, and a next try that works. */

vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });
const missing = absence(browsers.chromium);

let app: ChromiumApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const isModel = (path: string): boolean => path.includes('/models/');

/** The first so many answers for models go wrong. */
const first = (nTimes: number, spoil: (response: ServerResponse) => void): Fault => {
  let nLeft = nTimes;
  return (_, response, path) => {
    if (!isModel(path) || nLeft-- <= 0) return false;
    spoil(response);
    return true;
  };
};

/** All answers for models go wrong. */
const always = (spoil: (response: ServerResponse) => void): Fault => first(Infinity, spoil);

/** Of the model in the page's store: what a start after a crash can trust. */
const bytesKept = (app: ChromiumApp): Promise<number> =>
  app.page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('thimble');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const asking: IDBRequest<ModelRecord[]> = opening.result.transaction('models').objectStore('models').getAll();
          asking.onsuccess = () => {
            let nBytes = 0;
            for (const { checkpoints, partBytes, sizeBytes } of asking.result[0]?.files ?? [])
              nBytes += Math.min(checkpoints.length * partBytes, sizeBytes ?? Infinity);
            resolve(nBytes);
            opening.result.close();
          };
        };
      }),
  );

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'a download', () => {
  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['has no such file', (response) => response.writeHead(404).end(), /404/],
    ['is broken', (response) => response.writeHead(500).end(), /500/],
    [
      'answers with a page',
      (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'),
      /GGUF|page|html|model/i,
    ],
  ])('from a server that %s says so, and the next try works', async (_, spoil, message) => {
    app = await openChromium({ isolated: true });
    app.site.fault = always(spoil);
    await app.do('press', '^Get ');
    await app.do('see', 'Try again');
    expect(await app.do('see', 'Try again')).toMatch(message);
    app.site.fault = undefined;
    await app.do('press', '^Try again$');
    await app.do('ready');
  });

  it.each<[string, Fault]>([
    ['fails for a while', first(2, (response) => response.writeHead(500).end())],
    ['is busy', first(2, (response) => response.writeHead(503, { 'Retry-After': '1' }).end())],
    [
      'breaks off',
      first(
        4,
        (response) =>
          void response.writeHead(200, { 'Content-Length': '1000000' }).write('GGUF', () => response.destroy()),
      ),
    ],
    ['cannot be reached', first(4, (response) => response.destroy())],
  ])('from a server that %s goes on by itself', async (_, fault) => {
    app = await openChromium({ isolated: true });
    app.site.fault = fault;
    await app.do('getModel');
    expect(await app.do<Answer>('ask', 'Say hello.')).toMatchObject({ state: 'whole' });
  });

  it('from a server that knows no ranges comes through', async () => {
    app = await openChromium({ isolated: true });
    app.site.fault = (request, _, path) => {
      if (isModel(path)) delete request.headers.range;
      return false;
    };
    await app.do('getModel');
  });

  it('by way of addresses that expire comes through', async () => {
    app = await openChromium({ isolated: true });
    let nSigned = 0;
    const uses = new Map<string, number>();
    app.site.fault = (request, response, path) => {
      const { searchParams } = new URL(request.url!, 'http://host');
      const signature = searchParams.get('signature');
      if (!isModel(path)) return false;
      if (signature === null) {
        response.writeHead(302, { Location: `${path}?signature=${++nSigned}` }).end();
        return true;
      }
      uses.set(signature, (uses.get(signature) ?? 0) + 1);
      if (uses.get(signature)! <= 2) return false;
      response.writeHead(403).end('expired');
      return true;
    };
    await app.do('getModel');
  });

  it('waits while the network is cut', async () => {
    app = await openChromium({ isolated: true });
    let nSent = 0;
    app.site.fault = (_, response, path) => isModel(path) && ++nSent > 3 && Boolean(response.destroy());
    await app.do('press', '^Get ');
    await app.do('see', 'waiting');
    app.site.fault = undefined;
    await app.do('ready');
  });

  it('goes on after the tab has crashed, and fetches no more than what is missing', async () => {
    app = await openChromium({ isolated: true });
    const asked = { before: 0, after: 0 };
    let nHanging = 0;
    /** Counts what is asked for. Beside looks at a file's size and header only what begins before this place is answered: what is kept has no holes. */
    const counting =
      (when: keyof typeof asked, before: number): Fault =>
      (request, _, path) => {
        const [, begin, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        const nBytes = Number(end) + 1 - Number(begin);
        if (!isModel(path) || nBytes < 4 * 2 ** 20) return false; // headers
        if (Number(begin) >= before) return ++nHanging > 0;
        asked[when] += nBytes;
        return false;
      };
    app.site.fault = counting('before', 16 * 2 ** 20);
    await app.do('press', '^Get ');
    await vi.waitUntil(() => nHanging > 0, { timeout: 60_000 });
    await vi.waitUntil(async () => (await bytesKept(app!)) >= asked.before, { timeout: 60_000 });
    await crash(app);
    app.site.fault = counting('after', Infinity);
    const page = await app.open();
    await stepOf(page, 'press', ['^(Go on|Continue|Resume|Get |Try again)']);
    await stepOf(page, 'ready', []);
    expect(asked.before).toBeGreaterThan(1e6);
    expect(asked.after).toBeLessThan(98_400_000 - 0.8 * asked.before);
  });

  it('says that there is no room, and comes through when there is', async () => {
    app = await openChromium({ isolated: true });
    const devtools = await app.context.newCDPSession(app.page);
    const { origin } = new URL(app.site.url);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 30e6 });
    await app.do('press', '^Get ');
    expect(await app.do('see', 'No room left')).toMatch(/Try again/);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin });
    await app.do('press', '^Try again$');
    await app.do('ready');
  });
});

async function crash({ page, context }: ChromiumApp): Promise<void> {
  const devtools = await context.newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  void devtools.send('Page.crash').catch(() => undefined); // it never answers
  await crashed;
  await page.close();
}

const story = 'Write a long story about a dragon and a princess.';

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'an answer', () => {
  it('whose engine dies says so, and the next try works', async () => {
    app = await openChromium({ isolated: true });
    await app.do('getModel');
    await app.do('say', story);
    await app.do('growing', 20);
    const engine = app.page.workers().find((worker) => /engine-/.test(worker.url()))!;
    await engine.evaluate(() => void setTimeout(() => {
      throw new Error('killed');
    })); // prettier-ignore
    const answer = await app.do<Answer>('answered', 1);
    expect(answer).toMatchObject({ state: 'failed' });
    expect(answer.text.length).toBeGreaterThanOrEqual(20);
    expect(await app.do('see', 'The engine stopped')).toMatch(/Try again/);
    await app.do('press', '^Try again$');
    await app.do('press', '^Stop$');
    await app.do('press', '^New chat$');
    expect(await app.do<Answer>('ask', 'What is the capital of France?')).toMatchObject({ state: 'whole' });
  });

  it('whose tab crashes is there as far as it came, and goes on', async () => {
    app = await openChromium({ isolated: true });
    await app.do('getModel');
    await app.do('say', story);
    const { text } = await app.do<Answer>('growing', 60);
    await crash(app);
    const page = await app.open();
    await stepOf(page, 'ready', []);
    if (!(await page.locator('article.answer').count())) await stepOf(page, 'openLatest', []);
    await stepOf(page, 'see', ['interrupted']);
    await stepOf(page, 'press', ['^Continue$']);
    await page.waitForTimeout(500);
    const { text: later } = await stepOf<Answer>(page, 'growing', [text.length + 20]);
    expect(later.slice(0, text.length)).toBe(text);
  });
});
