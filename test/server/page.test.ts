/** The same APIs inside a page, without a server. */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { absence, browsers, openPage } from '../browser/browsers.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';
import { openStories } from './helpers.ts';

const missing = absence(browsers.chromium);

describe.skipIf(missing)(missing ? `clients in a page (skipped: ${missing})` : 'clients in a page', () => {
  it('openai over model.fetch, ollama over serve: the texts that Node makes', async () => {
    const entryPoints = [fileURLToPath(new URL('page_script.mjs', import.meta.url))];
    const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', write: false, logLevel: 'error' });
    const replaced = {
      '/': '<!doctype html><script type="module" src="/dist/clients.js"></script>',
      '/dist/clients.js': outputFiles[0]!.text,
    };
    const page = await openPage(browsers.chromium, { isolated: false, replaced });
    const bytes = [...(await stories260kGguf())];
    const messages = [{ role: 'user', content: 'Hello' }];
    await using model = await openStories({ nCtx: 256 });
    const { text } = await model.generate(messages, { temperature: 0, maxTokens: 8 });
    expect(await page.ask('openai', bytes)).toEqual({ whole: text, streamed: text, error: 400 });
    expect(await page.ask('ollama', bytes)).toEqual({ text, open: ['small'] });
    await page.close();
  });
});
