import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openModel } from 'thimble';
import { absence, browsers } from '../browser/browsers.ts';
import { openChromium, openDriven, type Answer, type App, type ChromiumOptions } from './support/app.ts';

/** The chat app as it is built, in browsers and on phones that lack something: the same two answers as in Node, to the character. */

vi.setConfig({ testTimeout: 150_000, hookTimeout: 150_000 });

const questions = ['What is the capital of France?', 'And of Spain?'] as const;

let expected: readonly string[];
beforeAll(async () => {
  const first = new URL('../../models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf', import.meta.url);
  const model = await openModel(fileURLToPath(first), { nCtx: 2048 });
  const session = model.openSession();
  const messages: { role: string; content: string }[] = [];
  for (const question of questions) {
    messages.push({ role: 'user', content: question });
    const { text } = await session.generate({ messages }, { onFull: 'shift' }).result;
    messages.push({ role: 'assistant', content: text });
  }
  expected = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  await model.close();
});

interface Scenario {
  readonly what: string;
  readonly open: () => Promise<App>;
  readonly environment: Readonly<Record<string, unknown>>;
  /** The kernels that are loaded, where that is not left to the machine. */
  readonly kernels?: RegExp;
}

const onPixel = (what: string, options: ChromiumOptions, expected: Omit<Scenario, 'what' | 'open'>): Scenario => ({
  what: `chromium as a Pixel 7, ${what}`,
  open: () => openChromium(options),
  ...expected,
});

const inThreads = { isolated: true, sharedMemory: true };
const alone = { isolated: false, sharedMemory: false };
const noDirectory = (script: string) => `delete StorageManager.prototype.getDirectory;\n${script}`;
const noRelaxed = (script: string) =>
  `const { validate } = WebAssembly; WebAssembly.validate = (bytes) => bytes.length < 40 && validate(bytes);\n${script}`;

const chromiumScenarios = [
  onPixel('isolated by headers', { isolated: true }, { environment: inThreads }),
  onPixel(
    'on a host without headers, below a path',
    { isolated: false, base: '/sub/path' },
    { environment: inThreads },
  ),
  onPixel('without isolation', { isolated: false, hasServiceWorker: false }, { environment: alone }),
  onPixel('in a private window', { isolated: true, isPrivate: true }, { environment: inThreads }),
  onPixel(
    'without OPFS',
    {
      isolated: true,
      hasServiceWorker: false,
      patches: { '/assets/store-': noDirectory, '/assets/engine-': noDirectory },
    },
    { environment: inThreads },
  ),
  onPixel(
    'without relaxed SIMD',
    { isolated: true, hasServiceWorker: false, patches: { '/assets/engine-': noRelaxed } },
    { environment: inThreads, kernels: /thimble\.simd-/ },
  ),
  onPixel(
    'with 1 GiB for WebAssembly',
    { isolated: true, flags: ['--js-flags=--wasm-max-mem-pages=16384'] },
    { environment: inThreads },
  ),
];

const driven = [
  { browser: browsers.firefox, isolated: true, environment: inThreads },
  { browser: browsers.firefox, isolated: false, environment: alone },
  { browser: browsers.webkit, isolated: false, environment: { sharedMemory: false } },
].map(({ browser, isolated, environment }) => ({
  what: `${browser.name}, ${isolated ? 'isolated' : 'not isolated'}`,
  missing: absence(browser),
  open: () => openDriven(browser, { isolated }),
  environment,
}));

const scenarios: readonly (Scenario & { readonly missing: string | undefined })[] = [
  ...chromiumScenarios.map((scenario) => ({ ...scenario, missing: absence(browsers.chromium) })),
  ...driven,
];

for (const { what, missing, open, environment, kernels } of scenarios) {
  describe.skipIf(missing)(missing ? `${what} (skipped: ${missing})` : what, () => {
    let app: App;
    beforeAll(async () => void (app = await open()));
    afterAll(() => app?.close());

    it('gets the model, and answers two questions as Node does', async () => {
      if (environment['isolated']) await app.do('isolated');
      await app.do('getModel');
      expect(await app.do('environment')).toMatchObject(environment);
      const answers: Answer[] = [];
      for (const question of questions) answers.push(await app.do<Answer>('ask', question));
      expect(answers.map(({ text }) => text)).toEqual(expected);
      expect(answers.map(({ state }) => state)).toEqual(['whole', 'whole']);
      if (kernels) expect(app.site.requests.filter((path) => path.endsWith('.wasm')).join()).toMatch(kernels);
    });
  });
}
