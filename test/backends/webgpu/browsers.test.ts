import { afterAll, describe } from 'vitest';
import { absence, openOn, type Page } from '../../browser/browsers.ts';
import { serve } from '../../browser/server.ts';
import { webgpuBrowsers } from '../../browser/webgpu_browsers.ts';
import { bundled, fewTitles, root, testReports } from './elsewhere.ts';
import type { CaseReport } from './report.ts';

const html = '<!doctype html><title>WebGPU</title><script type="module" src="/script.mjs"></script>';

describe.each(Object.values(webgpuBrowsers))('$name', (browser) => {
  const absent = absence(browser);
  if (absent) console.warn(`${browser.name} is not tested: ${absent}`);
  describe.skipIf(absent)('agrees with the definition of each op', () => {
    let page: Page | undefined;
    afterAll(() => page?.close());
    testReports(fewTitles, async () => {
      const files = { '/script.mjs': await bundled('in_page.ts', 'browser') };
      const server = await serve({ root, isolated: true, replaced: { '/page.html': html }, files });
      page = await openOn(browser, `${server.url}page.html`, server, { patienceMs: 600_000 });
      return (await page.ask('cases', fewTitles)) as CaseReport[];
    });
  });
});
