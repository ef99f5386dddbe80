import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, devices, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { absence, browsers } from '../browser/browsers.ts';

/** Chromium as a Pixel 7 shows it, or another size. */

export const noChromium = absence(browsers.chromium);

const executablePath = browsers.chromium.launch('about:blank', '/tmp', [])?.command[0];
const flags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** @param more flags */
export const launch = (more: readonly string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...flags, '--disable-component-update', '--disable-sync', ...more] });

type Conditions = NonNullable<Parameters<Browser['newContext']>[0]>;

/** A context of its own, and what its pages complain about. */
export async function openPhone(browser: Browser, conditions: Conditions = {}) {
  const context = await browser.newContext({ ...devices['Pixel 7'], acceptDownloads: true, ...conditions });
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  return { context, page, complaints };
}

/** What this browser keeps, set before the page looks. */
export const keepBefore = (context: BrowserContext, kept: unknown): Promise<unknown> =>
  context.addInitScript((text) => {
    if (!sessionStorage.getItem('set')) localStorage.setItem('thimble-bench', text);
    sessionStorage.setItem('set', 'yes');
  }, JSON.stringify(kept));

export const readKept = (page: Page): Promise<{ result: unknown; nDone: number; nSteps: number }> =>
  page.evaluate(() => JSON.parse(localStorage.getItem('thimble-bench')!));

/** Waits until the page knows what it can measure, and chooses the short way. */
export async function chooseQuick(page: Page): Promise<void> {
  await page.getByText('SIMD').waitFor();
  await page.getByText('Options').click();
  await page.getByLabel('A quick look').check();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Nothing that axe-core minds: names, contrast, tap targets. */
export async function expectAccessible(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page); // the page's policy lets no script in
  await cdp.send('Runtime.evaluate', { expression: axe });
  const { result } = await cdp.send('Runtime.evaluate', {
    ...{ awaitPromise: true, returnByValue: true },
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
  });
  await cdp.detach();
  expect(result.value).toEqual([]);
}

/** A phone scrolls down, never sideways. */
export const expectNarrow = async (page: Page): Promise<void> =>
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
