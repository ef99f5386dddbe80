import { afterEach, describe, expect, it, vi } from 'vitest';
import { absence, browsers } from '../browser/browsers.ts';
import { openChromium, stepOf, type Answer, type ChromiumApp } from './support/app.ts';

/** Hasty hands, damaged addresses, hostile files, two tabs: the chat app stays whole. */

vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });
const missing = absence(browsers.chromium);

let app: ChromiumApp;
afterEach(() => app?.close());

const nOf = (selector: string) => app.page.evaluate((selector) => document.querySelectorAll(selector).length, selector);

/** Imports a file of this content under Settings. */
async function importFile(content: Record<string, unknown>): Promise<void> {
  const file = {
    format: 'thimble conversations',
    version: 1,
    exportedAt: '',
    conversations: [],
    personas: [],
    ...content,
  };
  await app.page.evaluate(() => void (location.hash = '#/settings'));
  const buffer = Buffer.from(JSON.stringify(file));
  await app.page.setInputFiles('input[accept*=json]', { name: 'chats.json', mimeType: 'application/json', buffer });
}

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'the chat app', () => {
  it.each([
    '#/chat/%',
    '#/chat/%E0%A4%A',
    '#/models?get=%',
    '#/models?get=https%3A%2F%2Fa.test%2F%25.gguf',
    '#/chat/__proto__',
  ])('opens at the damaged address %s', async (hash) => {
    app = await openChromium({ isolated: true });
    const errors: string[] = [];
    const page = await app.context.newPage();
    page.on('pageerror', ({ message }) => void errors.push(message));
    await page.goto(app.site.url + hash);
    await page.locator('main button').first().waitFor();
    await page.evaluate(() => void (location.hash = '#/chat/%'));
    await page.waitForTimeout(300);
    expect(errors).toEqual([]);
  });

  it('takes an address with a damaged name for none', async () => {
    app = await openChromium({ isolated: true });
    await app.page.evaluate(() => void (location.hash = '#/models'));
    await app.do('press', 'From an address');
    await app.page.fill('dialog input', 'https://host.test/%zz.gguf');
    await app.do('see', 'should end with a file name');
  });

  it('begins one answer however often one presses, and ends it with its question', async () => {
    app = await openChromium({ isolated: true });
    await app.do('getModel');
    const starter = app.page.locator('.starter').first();
    await starter.evaluate((button: HTMLElement) => {
      button.click();
      button.click();
    });
    await app.do('growing', 1);
    await app.page.evaluate(() =>
      (document.querySelector('[aria-label="More about your message"]') as HTMLElement).click(),
    );
    await app.do('press', '^Delete$');
    await app.page.locator('dialog.sheet button', { hasText: /^Delete$/ }).click();
    await app.do('see', 'What is on your mind');
    expect(await app.do<Answer[]>('answers')).toEqual([]);
    expect(await nOf('article')).toBe(0);
    expect(await app.page.evaluate(() => document.body.innerText)).not.toMatch(/stored|deleted/);
  });

  it('shows personas that were imported, and none after all is deleted', async () => {
    app = await openChromium({ isolated: true });
    await importFile({ personas: [{ id: 'own', name: 'Pirate', prompt: 'Arr.', updatedAt: 1 }] });
    await app.do('see', 'imported');
    await app.page.evaluate(() => void (location.hash = '#/personas'));
    await app.do('see', 'Pirate');
    await app.page.evaluate(() => void (location.hash = '#/settings'));
    await app.do('press', 'Delete everything');
    await app.page.locator('dialog button', { hasText: 'Delete all' }).click();
    await app.do('see', 'are deleted');
    await app.page.evaluate(() => void (location.hash = '#/personas'));
    await app.do('see', 'Assistant');
    expect(await app.page.evaluate(() => document.body.innerText)).not.toContain('Pirate');
  });

  it('lists requests that failed', async () => {
    app = await openChromium({ isolated: true });
    app.site.fault = (_, response, path) => path.includes('/models/') && Boolean(response.writeHead(500).end());
    await app.do('press', '^Get ');
    await app.do('see', 'Try again');
    await app.page.evaluate(() => void (location.hash = '#/privacy'));
    await app.page.locator('details.host summary').first().click();
    await app.do('see', 'models/smollm2');
  });

  it('follows an answer of another tab without blinking', async () => {
    app = await openChromium({ isolated: true });
    await app.do('getModel');
    await app.do('say', 'Write a long story about a dragon and a princess.');
    await app.do('growing', 20);
    const other = await app.context.newPage();
    await other.goto(app.page.url());
    await other.locator('article.question').waitFor();
    const nBlinks = await other.evaluate(async () => {
      let nBlinks = 0;
      const watch = new MutationObserver(() => (nBlinks += document.querySelector('.waits-for') ? 1 : 0));
      watch.observe(document.body, { childList: true, subtree: true });
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return nBlinks;
    });
    expect(nBlinks).toBe(0);
    await app.do('press', '^Stop$');
    const { text } = await app.do<Answer>('answered', 1);
    await vi.waitUntil(async () => (await stepOf<string[]>(other, 'shown', []))[0]?.includes(text.slice(0, 20)));
  });
});
