import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { launch, noChromium } from '../bench_page/chromium.ts';
import { serve, type TestServer } from '../browser/server.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';

/** The AI SDK itself in a page, over the library as pages get it. */
const script = `
  import { streamText } from 'ai';
  const { openModel } = await import('/dist/web/index.js');
  const { thimble } = await import('/dist/web/ai.js');
  const { summarize, detectLanguage } = await import('/dist/web/tasks.js');
  const { installBuiltInAi } = await import('/dist/web/built_in_ai.js');
  const chatTemplate = '{% for message in messages %}{{ message.content }} {% endfor %}';
  const bytes = Uint8Array.from(atob(await (await fetch('/test/model.js')).text()), (c) => c.charCodeAt(0));
  const model = await openModel(bytes, { chatTemplate, nCtx: 256, threads: 1 });
  const settings = { temperature: 0, maxOutputTokens: 12 };
  let streamed = '';
  for await (const piece of streamText({ model: thimble(model), prompt: 'Once upon a time', ...settings }).textStream) streamed += piece;
  const { text } = await model.generate([{ role: 'user', content: 'Once upon a time' }], { temperature: 0, maxTokens: 12 });
  installBuiltInAi({ open: async () => model, availability: () => 'available' });
  const session = await LanguageModel.create({ temperature: 0 });
  const answered = await session.prompt('Once upon a time', { responseConstraint: /[a-z]{3}/ });
  globalThis.done({
    same: streamed === text,
    summary: (await summarize(model, 'Once upon a time')).text !== '',
    language: (await detectLanguage('Das ist ein deutscher Satz.'))[0].language,
    answered,
    summarized: typeof (await (await Summarizer.create()).summarize('Once upon a time')),
  });
`;

const root = fileURLToPath(new URL('../..', import.meta.url));

let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  if (noChromium) return;
  const stdin = { contents: script, resolveDir: root, loader: 'js' as const };
  const external = ['/dist/*'];
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    external,
  });
  const model = Buffer.from(await stories260kGguf()).toString('base64');
  const replaced = {
    '/test/model.js': model,
    '/test/faces.js': outputFiles[0]!.text,
    '/test/faces.html': '<!doctype html><title>faces</title><script type="module" src="/test/faces.js"></script>',
  };
  server = await serve({ root: join(root, '/'), isolated: false, replaced });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

it.skipIf(noChromium)('tasks, the AI SDK and the built-in AI work in a page', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  const result = new Promise<unknown>((resolve, reject) => {
    page.exposeFunction('done', resolve).catch(reject);
    page.on('pageerror', reject);
  });
  await page.goto(`${server.url}test/faces.html`);
  expect(await result).toEqual({
    same: true,
    summary: true,
    language: 'de',
    answered: expect.stringMatching(/^[a-z]{3}$/) as string,
    summarized: 'string',
  });
  expect(complaints).toEqual([]);
});
