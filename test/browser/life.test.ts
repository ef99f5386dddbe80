import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { chromium as playwright } from 'playwright-core';
import { absence, browsers, openPage, type Browser, type Page, type PageOptions } from './browsers.ts';
import { serve } from './server.ts';

/** The library wherever a page may be, and whatever becomes of it: each with the same text as Node. */

const shards = [1, 2].map((n) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`);
const question = 'Name three rivers.';
const prompt = 'Once upon a time';
const greedy = { temperature: 0, maxTokens: 24 };
const long = { temperature: 0.8, seed: 11, maxTokens: 60, ignoreEos: true };

/** Of Node, to the same. */
let expected: Record<'answer' | 'long' | 'story', readonly number[]>;
beforeAll(async () => {
  const model = await openModel(fileURLToPath(new URL(`../../models/${shards[0]}`, import.meta.url)), { nCtx: 512 });
  const tokensOf = async (answer: PromiseLike<{ readonly tokens: readonly number[] }>) => (await answer).tokens;
  expected = {
    answer: await tokensOf(model.chat().send(question, greedy)),
    long: await tokensOf(model.chat().send(question, long)),
    story: await tokensOf(model.generate(prompt, greedy)),
  };
  await model.close();
}, 120_000);

async function withPage(browser: Browser, options: PageOptions, use: (page: Page) => Promise<void>) {
  const page = await openPage(browser, options);
  try {
    await use(page);
  } finally {
    await page.close();
  }
}

const open = (page: Page, options: object = {}) => page.ask('open', shards, { nCtx: 512, threads: 2, ...options });

const script = readFileSync(new URL('../../dist/isolate.js', import.meta.url), 'utf8');
const html = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const withScript = {
  '/isolate.js': script,
  '/': html.replace('<title>', '<script src="/isolate.js"></script><title>'),
};
const framed = { foreign: true, path: 'test/browser/frame.html' };
const noNested = { '/dist/web/engine.js': `if (self.name === 'thimble engine') delete self.Worker;\n` };
const notCloned = {
  '/dist/web/engine.js': `if (self.name === 'thimble engine') {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message.memory) throw new DOMException('a shared memory cannot be cloned', 'DataCloneError');
      return postMessage.call(this, message, ...rest);
    };
  }\n`,
};
const engine = readFileSync(new URL('../../dist/web/engine.js', import.meta.url), 'utf8');
const before = (first: Record<string, string>) =>
  Object.fromEntries(Object.entries(first).map(([path, text]) => [path, text + engine]));

interface Place {
  readonly where: string;
  readonly page: PageOptions;
  readonly options?: object;
  /** Threads that a browser has here which can share memory. */
  readonly threads: (browser: Browser) => number;
  readonly only?: readonly Browser[];
}

const alone = () => 1;
/** Its switch asks no page. */
const byItself = (browser: Browser) => (browser === browsers.webkitThreads ? 2 : 1);
const wherePossible = (browser: Browser) => (browser.sharesMemory ? 2 : 1);

const places: readonly Place[] = [
  { where: 'isolated', page: { isolated: true }, threads: wherePossible },
  { where: 'not isolated', page: { isolated: false }, threads: byItself },
  { where: 'isolated by the script', page: { isolated: false, replaced: withScript }, threads: wherePossible },
  {
    where: 'in a frame of a foreign page, with the script',
    page: { isolated: false, replaced: withScript, ...framed },
    threads: (browser) => (browser === browsers.chromium ? 2 : byItself(browser)),
  },
  { where: 'on plain SIMD', page: { isolated: true }, options: { build: 'simd' }, threads: wherePossible },
  {
    where: 'with a capped memory',
    page: { isolated: true, flags: ['--js-flags=--wasm-max-mem-pages=16384'] },
    threads: wherePossible,
    only: [browsers.chromium],
  },
  { where: 'without nested workers', page: { isolated: true, replaced: before(noNested) }, threads: alone },
  {
    where: 'where a shared memory cannot be posted',
    page: { isolated: true, replaced: before(notCloned) },
    threads: alone,
  },
  {
    where: 'isolated, by headers of the page alone',
    page: { isolated: true, bareScripts: true },
    threads: wherePossible,
  },
];

const { chromium } = browsers;
const noChromium = absence(chromium);
describe.skipIf(noChromium)('chromium, driven', () => {
  it('goes on with an answer where the tab was frozen in the middle', async () => {
    const server = await serve({ root: fileURLToPath(new URL('../..', import.meta.url)), isolated: true });
    const [executablePath] = chromium.launch('', '', [])!.command;
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const driven = await playwright.launch({ executablePath: executablePath!, args });
    try {
      const tab = await driven.newPage();
      await tab.goto(server.url);
      await server.ask('open', [shards, { nCtx: 512, threads: 2 }]);
      await server.ask('start', [question, long]);
      const devtools = await tab.context().newCDPSession(tab);
      for (const state of ['frozen', 'active', 'frozen', 'active'] as const) {
        await devtools.send('Page.setWebLifecycleState', { state });
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      expect(await server.ask('answered', [])).toEqual(expected.long);
    } finally {
      await driven.close();
      server.close();
    }
  });
});

for (const browser of Object.values(browsers)) {
  const missing = absence(browser);
  describe.skipIf(missing)(missing ? `${browser.name} (skipped: ${missing})` : browser.name, () => {
    for (const { where, page: options, options: opening, threads, only } of places) {
      if (only && !only.includes(browser)) continue;
      if (browser === browsers.webkitThreads && options.replaced !== withScript && where !== 'isolated') continue; // it differs in threads alone
      it(`makes the text of Node ${where}`, async () => {
        await withPage(browser, options, async (page) => {
          if (options.replaced === withScript && threads(browser) === 2)
            await expect.poll(() => page.ask('environment'), { timeout: 30_000 }).toMatchObject({ sharedMemory: true });
          const info = (await open(page, opening)) as { threads: number; noThreads?: string };
          expect(info.threads).toBe(threads(browser));
          expect(info.noThreads === undefined).toBe(info.threads > 1);
          expect(await page.ask('generate', prompt, greedy)).toMatchObject({ tokens: expected.story });
          expect(await page.ask('send', question, greedy)).toMatchObject({ tokens: expected.answer });
        });
      });
    }

    it('goes on with an answer after a reload in its middle', async () => {
      await withPage(browser, { isolated: false }, async (page) => {
        await open(page);
        expect(await page.ask('begin', question, long, 25)).toBeGreaterThan(100);
        await page.ask('reload');
        await new Promise((resolve) => setTimeout(resolve, 1000)); // until then it is the old page that asks
        await open(page);
        const { tokens, ...rest } = (await page.ask('continued', {})) as { tokens: readonly number[] };
        expect(tokens).toEqual(expected.long);
        expect(rest).toEqual({ question, isWhole: true, said: 2 });
      });
    });

    it('tells the calls that wait when the engine is killed, and the next ones work', async () => {
      await withPage(browser, { isolated: true }, async (page) => {
        await open(page);
        expect(await page.ask('killed', question, long, 8)).toMatch(
          /ResourceError: the engine's thread died: .*the next call starts it again/,
        );
        const { tokens, other } = (await page.ask('afterwards', prompt, greedy)) as Record<string, readonly number[]>;
        expect(tokens).toEqual(expected.long);
        expect(other).toEqual(expected.story);
      });
    });

    it('never keeps the page from other work for long', async () => {
      await withPage(browser, { isolated: true }, async (page) => {
        await open(page, { nCtx: 128 });
        let longest = (await page.ask('longest', shards, 10_000)) as Record<string, number>;
        for (let n = 0; n < 2 && Math.max(...Object.values(longest)) > 50; n++) {
          const again = (await page.ask('longest', shards, 10_000)) as Record<string, number>; // the machine is shared: the best of three
          longest = Object.fromEntries(
            Object.entries(longest).map(([phase, ms]) => [phase, Math.min(ms, again[phase]!)]),
          );
        }
        console.log(`${browser.name}: longest pauses of the page, in ms: ${JSON.stringify(longest)}`);
        expect(Math.max(...Object.values(longest))).toBeLessThan(250); // where nothing else runs, it is a tenth of that
      });
    }, 300_000);
  });
}
