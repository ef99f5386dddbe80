import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultLink } from '../../apps/bench/src/share/link.ts';
import { readResult } from '../../bench/measure/result.ts';
import { deviceResult } from '../bench/device_result.ts';
import * as phone from './chromium.ts';
import { buildSite, type Served, type Site } from './site.ts';

/** The bench page in Chromium that shows what a Pixel 7 would. */

const finished = { result: deviceResult, nDone: 9, nSteps: 9 };
const patience = { timeout: 600_000 }; // the machine may be shared by many

describe.skipIf(phone.noChromium)(phone.noChromium ?? 'the bench page', () => {
  let site: Site;
  let isolated: Served;
  let open: Served;
  let browser: Browser;
  beforeAll(async () => {
    site = buildSite();
    [isolated, open] = await Promise.all([site.serve({ isolated: true }), site.serve({ isolated: false })]);
    browser = await phone.launch();
  });
  afterAll(async () => {
    await browser?.close();
    isolated?.close();
    open?.close();
    site?.remove();
  });

  /** Opens the page, looks at it, and minds what it complained about. */
  async function onPhone(
    conditions: Parameters<typeof phone.openPhone>[1],
    use: (page: Page) => Promise<void>,
    { kept, at = isolated.url, mayComplain = /^$/ }: { kept?: unknown; at?: string; mayComplain?: RegExp } = {},
  ): Promise<void> {
    const { context, page, complaints } = await phone.openPhone(browser, conditions);
    try {
      if (kept) await phone.keepBefore(context, kept);
      await page.goto(at);
      await use(page);
      expect(complaints.filter((text) => !mayComplain.test(text))).toEqual([]);
    } finally {
      await context.close();
    }
  }

  it('measures at the press of a button, and hands the result over as files and as a link', patience, async () => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    await onPhone({ permissions }, async (page) => {
      await phone.chooseQuick(page);
      await page.getByRole('button', { name: 'Measure this device' }).click();
      await page.getByRole('progressbar', { name: 'Measuring' }).waitFor();
      await page.getByRole('button', { name: 'Measure again' }).waitFor(patience);
      const { result: kept, nDone, nSteps } = await phone.readKept(page);
      const result = readResult(kept);
      expect([nDone, result.sharedMemory, result.plan]).toEqual([nSteps, true, 'quick']);
      expect(result.kernels.filter(({ timing }) => !timing)).toEqual([]);
      expect(new Set(result.kernels.map(({ op }) => op)).size).toBe(4);
      expect(result.models.map(({ threads }) => threads)).toEqual([result.threads, 1]);
      for (const { timing } of result.kernels) expect(timing!.ofLimit).toBeGreaterThan(0);
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
        ...[result.device.name, 'A whole model', 'Kernels', 'Ceilings', 'Threads', 'GPU', 'Sustained', 'Comparison'],
        'Keep and share',
      ]);
      expect(await page.locator('canvas').count()).toBe(2);
      await page.getByText(/Not measured: (WebGPU finds no GPU|this browser has no WebGPU)/).waitFor();
      expect(result.gpu).toBeUndefined();
      await phone.expectAccessible(page);

      const file = async (name: string): Promise<string> => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name }).click(),
        ]);
        expect(download.suggestedFilename()).toMatch(new RegExp(`^android-.*-chromium-\\d+\\.${name.toLowerCase()}$`));
        return readFileSync((await download.path())!, 'utf8');
      };
      expect(readResult(JSON.parse(await file('JSON')))).toEqual(result);
      expect((await file('CSV')).split('\r\n').length).toBeGreaterThan(30);

      await page.getByRole('button', { name: 'Share link' }).click();
      await page.getByText('The link is copied').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      expect(link.length).toBeLessThan(4000);
      await onPhone({}, (other) => expectShared(other, result.device.name), { at: link });
    });
  });

  async function expectShared(page: Page, name: string): Promise<void> {
    await page.getByRole('heading', { name: 'A shared result' }).waitFor();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Run' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Measure this device, too' }).click();
    await page.getByRole('button', { name: 'Measure this device' }).waitFor();
    expect(await page.getByRole('heading', { name, exact: true }).count()).toBe(0);
  }

  it('shows markup in a link as the text that it is, and says what is wrong with a damaged one', async () => {
    const name = '<img src=x onerror="document.title=1">';
    const hostile = await resultLink({ ...deviceResult, device: { ...deviceResult.device, name } }, isolated.url);
    await onPhone({}, (page) => expectShared(page, name), { at: hostile });
    await onPhone(
      {},
      async (page) => {
        await page.getByRole('alert').getByText('This link is damaged').waitFor();
        await page.getByRole('button', { name: 'Measure this device' }).waitFor();
        await page.evaluate((hash) => void (location.hash = hash), hostile.replace(/^[^#]*/, ''));
        await page.getByRole('heading', { name: 'A shared result' }).waitFor();
      },
      { at: `${isolated.url}#r1.7VzdbtvIFX4V` },
    );
  });

  it('goes on after a stop, after the tab is closed, and begins a step again that was left', patience, async () => {
    await onPhone({}, async (page) => {
      await phone.chooseQuick(page);
      await page.getByRole('button', { name: 'Measure this device' }).click();
      await page.getByText(/^3 of 9/).waitFor(patience);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText(/ended after \d of 9 steps/).waitFor();
      await page.reload();
      await page.getByText(/ended after \d of 9 steps/).waitFor();
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText(/^5 of 9/).waitFor(patience);
      await show(page, 'hidden');
      await page.getByText('waiting: the page is in the background').waitFor();
      const { nDone } = await phone.readKept(page);
      await show(page, 'visible');
      await page.getByRole('button', { name: 'Measure again' }).waitFor(patience);
      expect(nDone).toBeGreaterThanOrEqual(4);
      const { result } = await phone.readKept(page);
      expect(new Set(readResult(result).kernels.map(({ op }) => op)).size).toBe(4);
      expect(await page.getByRole('alert').textContent()).toBe('');
    });
  });

  const show = (page: Page, state: 'hidden' | 'visible'): Promise<void> =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);

  it('says that a page without isolation has one thread', async () => {
    await onPhone(
      {},
      async (page) => {
        await page.getByText('not cross-origin isolated, so threads cannot share memory').waitFor();
        await page.getByText('Options').click();
        expect(await page.getByRole('combobox', { name: 'Most threads' }).isDisabled()).toBe(true);
      },
      { at: open.url },
    );
  });

  it('says what failed, and keeps the rest', patience, async () => {
    const use = async (page: Page): Promise<void> => {
      await page.route('**/models/*', (route) => route.fulfill({ status: 503 }));
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('button', { name: 'Measure again' }).waitFor(patience);
      const said = await page.getByRole('alert').textContent();
      expect(said).toMatch(/Model, 2 threads; Model, 1 thread: .*cannot be fetched \(503\)/);
      await page.getByRole('heading', { name: 'Kernels' }).waitFor();
    };
    const kept = { result: { ...deviceResult, models: [] }, nDone: 7, nSteps: 9 };
    await onPhone({}, use, { kept, mayComplain: /Failed to load resource.*503/ });
  });

  it('plots a sustained run, keeps what came until it is stopped, and tells of the battery', patience, async () => {
    await onPhone(
      {},
      async (page) => {
        await page.evaluate(() => {
          let level = 0.8;
          const getBattery = async () => ({ level: (level -= 0.01), charging: false });
          Object.defineProperty(navigator, 'getBattery', { value: getBattery });
        });
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByText('Decoding, one answer after the other').waitFor(patience);
        await page.waitForTimeout(3000);
        await page.getByRole('button', { name: 'Stop' }).click();
        await page.getByText('Battery: 79 % before, 78 % after.').waitFor();
        const { result } = await phone.readKept(page);
        const { samples, model } = readResult(result).sustained!;
        expect(model).toMatch(/smollm2/i);
        expect(samples.length).toBeGreaterThan(0);
        for (const [, tps] of samples) expect(tps).toBeGreaterThan(0);
        await phone.expectAccessible(page);
      },
      { kept: { ...finished, result: { ...deviceResult, sustained: undefined } } },
    );
  });

  it.each(['light', 'dark'] as const)('can be read on a narrow screen, %s, and on its side', async (colorScheme) => {
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 740, height: 360 },
    ]) {
      const check = async (page: Page): Promise<void> => {
        await page.getByText('SIMD').waitFor();
        await phone.expectNarrow(page);
        await phone.expectAccessible(page);
      };
      await onPhone({ viewport, colorScheme }, check);
      await onPhone({ viewport, colorScheme }, check, { kept: finished });
    }
  });

  it('shows what a GPU did beside the CPU, and which of its kernels are not used', async () => {
    await onPhone(
      {},
      async (page) => {
        const section = page.locator('section[aria-labelledby=gpu]');
        await section.getByText('Timed by the GPU’s own timestamps, in steps of 100 µs').waitFor();
        expect(await section.getByRole('row', { name: /decode at 16 .*71\.0.*129/ }).count()).toBe(1);
        await section.getByText('Self-check of kernels: 1 of 2 are not used').click();
        await section.getByText('not used: its numbers are wrong by 50 %').waitFor();
        await section.getByRole('button', { name: 'Prefill' }).click();
        await section.getByText('20 % of 16-bit float').waitFor();
        await section.getByRole('button', { name: 'Decode' }).click();
        await section.getByText('mat_vec does not compile').waitFor();
        await phone.expectNarrow(page);
        await phone.expectAccessible(page);
      },
      { kept: finished, at: isolated.url },
    );
  });

  it('compares with a result out of a file, and refuses other files', async () => {
    await onPhone(
      {},
      async (page) => {
        const input = page.locator('input[accept*=json]');
        const there = { ...deviceResult, device: { ...deviceResult.device, name: 'Another phone' } };
        const buffer = Buffer.from(JSON.stringify(there));
        await input.setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer });
        await page
          .getByRole('combobox', { name: 'Compare with' })
          .getByText('Another phone')
          .waitFor({ state: 'attached' });
        expect(await page.getByRole('group', { name: 'Comparison' }).textContent()).toMatch(
          /Q4_0 decode.*15\.1.*15\.1.*1\.00×/,
        );
        await input.setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer: Buffer.from('PK') });
        await page.getByText('a.json is no result of this bench: it is no JSON').waitFor();
      },
      { kept: finished },
    );
  });
});
