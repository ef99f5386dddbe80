import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny_models.ts';
import { absence, browsers, openPage, type Page } from './browsers.ts';

/** Models larger than the memory that they may take, in pages: read from a File that was picked, and from what the browser stores. */

const shards = [1, 2].map((n) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`);

const mixture = ['a mixture', () => [...tinyModel('gpt-oss')], 0.98] as const;
const dense = ['a dense model', () => shards, 0.6] as const;

interface Whole {
  readonly tokens: readonly number[];
  readonly totalBytes: number;
  readonly paging?: unknown;
}

interface Answer {
  readonly tokens: readonly number[];
  readonly timings: Readonly<Record<'bytesRead' | 'bytesPerToken' | 'waitMs' | 'packMs', number>>;
  readonly paging: { readonly memoryBytes: number; readonly bytesPerToken: number };
  readonly nTold: number;
  readonly nPieces: number;
}

const N_TOKENS = 5;

const cases = [
  { browser: browsers.chromium, isolated: true, models: [mixture, dense] },
  { browser: browsers.chromium, isolated: false, models: [mixture] },
  { browser: browsers.firefox, isolated: true, models: [mixture] },
];

for (const { browser, isolated, models } of cases) {
  const missing = absence(browser);
  const where = `${browser.name}, ${isolated ? 'isolated' : 'not isolated'}`;
  describe.skipIf(missing)(missing ? `${where} (skipped: ${missing})` : where, () => {
    let page: Page;
    beforeAll(async () => void (page = await openPage(browser, { isolated })));
    afterAll(() => page?.close());

    it.each(models)('%s in less memory than its weights take', async (_, from, part) => {
      const threads = isolated ? 2 : 1;
      const options = { nCtx: 64, maxSessions: 1, threads };
      await page.ask('pagedFiles', from());
      const whole = (await page.ask('wholeAnswer', options, N_TOKENS)) as Whole;
      expect(whole.paging).toBeUndefined();
      const memory = Math.floor(part * whole.totalBytes);
      for (const place of ['file', 'opfs']) {
        const answer = (await page.ask('pagedAnswer', place, { ...options, memory }, N_TOKENS)) as Answer;
        const { tokens } = whole;
        expect(answer).toMatchObject({ tokens, again: tokens, threads, ending: 'AbortError' });
        expect(answer.nPieces).toBeLessThan(N_TOKENS);
        expect(answer).toMatchObject({ last: { doneBytes: expect.any(Number) } });
        expect(answer.paging.memoryBytes).toBeLessThanOrEqual(memory);
        expect(answer.timings.waitMs).toBeGreaterThan(0);
        expect(answer.timings.packMs).toBeGreaterThan(0);
        expect(answer.timings.bytesPerToken).toBeGreaterThan(0);
        expect(answer.timings.bytesPerToken).toBeLessThanOrEqual(1.1 * answer.paging.bytesPerToken); // the next one's reading has begun
      }
    });
  });
}
