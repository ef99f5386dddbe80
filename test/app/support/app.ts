import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, devices, type BrowserContext, type Page } from 'playwright-core';
import { openOn, browsers, type Browser } from '../../browser/browsers.ts';
import { builtSite } from './built.ts';
import { serveSite, type Site, type SiteOptions } from './site.ts';

/** An answer as it is stored. */
export interface Answer {
  readonly text: string;
  readonly state: string;
  readonly error?: string;
}

/** Somebody who uses the app. */
export interface App {
  readonly site: Site;
  /** Takes a step of driver.mjs. */
  do<Result = unknown>(step: string, ...args: readonly unknown[]): Promise<Result>;
  close(): Promise<void>;
}

export interface ChromiumApp extends App {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Another tab of the same browser. */
  open(): Promise<Page>;
}

export interface ChromiumOptions extends Omit<SiteOptions, 'folder'> {
  readonly flags?: readonly string[];
  /** Keeps nothing, as private windows do. */
  readonly isPrivate?: boolean;
  /** Without: the app has no use without a network, and the site's scripts may be patched. */
  readonly hasServiceWorker?: boolean;
  readonly landscape?: boolean;
}

const profile = mkdtempSync(join(tmpdir(), 'thimble-'));
const program = browsers.chromium.launch('about:blank', profile, [])?.command[0];
rmSync(profile, { recursive: true });

const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const driver = readFileSync(new URL('./driver.mjs', import.meta.url), 'utf8').replace(
  'export const steps',
  'globalThis.steps',
);

/** Opens the built app on an emulated Pixel 7. */
export async function openChromium(options: ChromiumOptions): Promise<ChromiumApp> {
  const { flags = [], isPrivate = false, hasServiceWorker = true, landscape = false, ...served } = options;
  const site = await serveSite({ folder: await builtSite(), ...served });
  const folder = mkdtempSync(join(tmpdir(), 'thimble-'));
  const launch = {
    executablePath: program!,
    args: ['--disable-quic', '--disable-gpu', '--disable-dev-shm-usage', ...quiet, ...flags],
    chromiumSandbox: process.getuid?.() !== 0,
  };
  const context = {
    ...devices[landscape ? 'Pixel 7 landscape' : 'Pixel 7'],
    serviceWorkers: hasServiceWorker ? ('allow' as const) : ('block' as const),
  };
  const browser = isPrivate ? await chromium.launch(launch) : undefined;
  const opened = await (browser
    ? browser.newContext(context)
    : chromium.launchPersistentContext(folder, { ...launch, ...context }));
  await opened.addInitScript({ content: driver });
  const open = async () => {
    const page = await opened.newPage();
    await page.goto(site.url);
    return page;
  };
  const page = await open();
  return {
    site,
    context: opened,
    page,
    open,
    do: (step, ...args) => stepOf(page, step, args),
    async close() {
      await opened.close();
      await browser?.close();
      site.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Takes a step in a tab. One that is loaded again in the middle takes it once more. */
export async function stepOf<Result>(page: Page, step: string, args: readonly unknown[]): Promise<Result> {
  const call = `steps[${JSON.stringify(step)}](document, ...${JSON.stringify(args)})`;
  for (;;) {
    try {
      return await page.evaluate<Result>(`globalThis.${call}`);
    } catch (error) {
      if (!/Execution context was destroyed|navigation/.test((error as Error).message)) throw error;
      await page.waitForLoadState();
    }
  }
}

/** Opens the built app in a browser that a page of the site drives. */
export async function openDriven(browser: Browser, options: Omit<SiteOptions, 'folder'>): Promise<App> {
  const site = await serveSite({ folder: await builtSite(), ...options });
  const { ask, close } = await openOn(browser, new URL('/__test/driver.html', site.url).href, site);
  await ask('open', site.url);
  return { site, do: (step, ...args) => ask(step, ...args) as never, close };
}
