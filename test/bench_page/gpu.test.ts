import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readResult } from '../../bench/measure/result.ts';
import { deviceResult } from '../bench/device_result.ts';
import * as phone from './chromium.ts';
import { buildSite, type Served, type Site } from './site.ts';

/** The bench page in a Chromium whose WebGPU is software, which takes its time: the first of a GPU's steps says enough. */

const patience = { timeout: 600_000 };

describe.skipIf(phone.noChromium)(phone.noChromium ?? 'the bench page with WebGPU', () => {
  let site: Site;
  let served: Served;
  let browser: Browser;
  beforeAll(async () => {
    site = buildSite();
    served = await site.serve({ isolated: true });
    browser = await phone.launch(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
  });
  afterAll(async () => {
    await browser?.close();
    served?.close();
    site?.remove();
  });

  it("goes on with a GPU's steps where the CPU's are done, and keeps its ceilings", patience, async () => {
    const { context, page } = await phone.openPhone(browser, { viewport: { width: 360, height: 740 } });
    try {
      const result = { ...deviceResult, gpu: undefined };
      await phone.keepBefore(context, { result, nDone: 9, nSteps: 13 });
      await page.goto(served.url);
      await page.getByText(/Not measured yet: google swiftshader/).waitFor(patience);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByText(/^10 of 13: Ceilings of the GPU/).waitFor(patience);
      await page.getByText(/^11 of 13: .* on the GPU/).waitFor(patience);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText(/which is software on the CPU/).waitFor();
      const { gpu } = readResult((await phone.readKept(page)).result);
      expect(gpu!.info.isFallback).toBe(true);
      expect(gpu!.ceilings.map(({ limit }) => limit)).toEqual(expect.arrayContaining(['read', 'copy', 'f32']));
      for (const { perSecond } of gpu!.ceilings) expect(perSecond).toBeGreaterThan(0);
      expect(gpu!.costs.map(({ cost }) => cost)).toContain('round trip');
      await phone.expectNarrow(page);
      await phone.expectAccessible(page);
    } finally {
      await context.close();
    }
  });
});
