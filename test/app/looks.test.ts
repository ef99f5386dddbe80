import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { absence, browsers } from '../browser/browsers.ts';
import { openChromium, type ChromiumApp } from './support/app.ts';
import { builtSite } from './support/built.ts';

/** What Lighthouse looks at: names, contrast and size of what can be pressed; when the page is first seen, how long it is busy, what it weighs. */

vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });
const missing = absence(browsers.chromium);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const screens = ['#/', '#/models', '#/personas', '#/settings', '#/privacy', '#/about'];
const schemes = ['light', 'dark'] as const;

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'the screens', () => {
  let app: ChromiumApp;
  beforeAll(async () => {
    app = await openChromium({ isolated: true });
    await app.context.addInitScript(() => {
      const durations: number[] = [];
      new PerformanceObserver((list) => durations.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
        buffered: true,
      });
      Object.assign(globalThis, { longTasks: durations });
    });
    await app.page.reload();
  });
  afterAll(() => app?.close());

  /** What axe finds, in lines. */
  async function flaws(): Promise<string[]> {
    await app.page.evaluate(axe);
    return app.page.evaluate(async () => {
      const { axe: found } = globalThis as unknown as { axe: typeof import('axe-core') };
      const rules = { 'target-size': { enabled: true } };
      const { violations } = await found.run(document, { rules });
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
      );
    });
  }

  it('are seen early, and say so', async () => {
    const paint = await app.page.waitForFunction(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    const paintMs = await paint.jsonValue();
    console.log(`first contentful paint: ${Math.round(paintMs!)} ms`);
    expect(paintMs).toBeLessThan(5_000); // tests share a busy machine
  });

  it.each(schemes)('of the first visit have names, contrast and room for thumbs: %s', async (colorScheme) => {
    await app.page.emulateMedia({ colorScheme });
    expect(await flaws()).toEqual([]);
  });

  it('are never busy for long because of the engine', async () => {
    await app.do('getModel');
    await app.do('ask', 'What is 2 + 2? Show a table, a formula and some Python code.');
    const longMs = await app.page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
    console.log(`tasks over 50 ms, loading, prefill and decode: ${longMs.map(Math.round).join(', ') || 'none'}`);
    expect(Math.max(0, ...longMs)).toBeLessThan(1_000);
  });

  it.each(schemes.flatMap((scheme) => screens.map((screen) => [screen, scheme] as const)))(
    'have names, contrast and room for thumbs: %s, %s',
    async (screen, colorScheme) => {
      await app.page.emulateMedia({ colorScheme });
      await app.page.evaluate((hash) => (location.hash = hash), screen);
      await app.page.waitForTimeout(400);
      expect(await flaws()).toEqual([]);
    },
  );
});

describe('what a visit brings', () => {
  /** What loads when a text or a file needs it; the engine and its parts, which have a budget of their own (scripts/budgets.mjs). */
  const onDemand = ['temml', 'pdf', 'pdf.worker.min', 'core', 'documents'];
  const modules = new URL('../../node_modules/highlight.js/lib/languages', import.meta.url);
  const namesIn = (folder: URL) => readdirSync(folder).map((file) => file.replace(/\.js$/, ''));
  const others = [...onDemand, ...namesIn(modules), ...namesIn(new URL('../../dist/web', import.meta.url))];
  /** These are the app's, beside a language and the library's entry. */
  const isOther = (file: string) =>
    others.some((name) => file.startsWith(`${name}-`)) && !/^(markdown|index)-/.test(file);

  it('is at most 120 kB of the app, compressed', async () => {
    const folder = await builtSite();
    const scripts = readdirSync(join(folder, 'assets')).filter((file) => /\.(js|css)$/.test(file));
    const files = scripts.filter((file) => !isOther(file));
    const sizes = [...files.map((file) => join('assets', file)), 'index.html'].map((file) => ({
      file,
      bytes: gzipSync(readFileSync(join(folder, file)), { level: 9 }).length,
    }));
    const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
    console.log(
      `${(bytes / 1000).toFixed(1)} kB of 120: ${sizes.map(({ file, bytes }) => `${file} ${bytes}`).join(', ')}`,
    );
    expect(bytes).toBeLessThan(120_000);
  });
});
