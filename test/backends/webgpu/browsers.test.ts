import { afterAll, describe } from 'vitest';
import { absence, openOn, type Page } from '../../browser/browsers.ts';
import { serve } from '../../browser/server.ts';
import { webgpuBrowsers } from '../../browser/webgpu_browsers.ts';
import { bundled, fewTitles, root, testReports, variantNames } from './elsewhere.ts';
import type { CaseReport, ReportJob } from './report.ts';

const html = '<!doctype html><title>WebGPU</title><script type="module" src="/script.mjs"></script>';

/** Features of WebGPU that kernels can use in each browser, here. Firefox has f16, and Deno's compiler, which see. */
const places = [
  { browser: webgpuBrowsers.swiftshader, features: ['dots', 'subgroups'] },
  { browser: webgpuBrowsers.f16, features: ['f16', 'dots', 'subgroups'] },
  { browser: webgpuBrowsers.firefox, features: ['dots'] },
] as const;

describe.each(places)('$browser.name', ({ browser, features }) => {
  const absent = absence(browser);
  if (absent) console.warn(`${browser.name} is not tested: ${absent}`);
  const titles = [...fewTitles, ...variantNames(features)];
  describe.skipIf(absent)('agrees with the definition of each op, and each variant', () => {
    let page: Page | undefined;
    afterAll(() => page?.close());
    testReports(titles, async () => {
      const files = { '/script.mjs': await bundled('in_page.ts', 'browser') };
      const server = await serve({ root, isolated: true, replaced: { '/page.html': html }, files });
      page = await openOn(browser, `${server.url}page.html`, server, { patienceMs: 600_000 });
      return (await page.ask('report', { titles, features, isQuick: true } satisfies ReportJob)) as CaseReport[];
    });
  });
});
