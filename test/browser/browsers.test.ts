import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { tinyLora } from '../helpers/tiny_adapters.ts';
import { tinyEncoder } from '../helpers/tiny_encoders.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { onDemand } from './on_demand.mjs';
import { absence, browsers, openPage, type Browser, type Page } from './browsers.ts';

/**
 * The engine in real browsers: the page (page.mjs) opens the embedded model as a file picker would hand it over. A browser
 * that is not installed is skipped, and the test's name says how to get it.
 */

const shards = [1, 2].map((n) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`);
const fixture = new URL('../fixtures/engines/logits.json', import.meta.url);
const { sha256 } = JSON.parse(readFileSync(fixture, 'utf8')) as { sha256: Record<string, string> };

const prompt = 'Once upon a time';
const greedy = { temperature: 0, maxTokens: 24 };

/** What the page reports of an answer. */
interface Streamed {
  readonly text: string;
  readonly nPieces: number;
  readonly tokens: readonly number[];
  readonly nPromptTokens: number;
  readonly nReusedTokens: number;
}

const chatOptions = { ...greedy, system: 'You are a helpful assistant.' };
const questions = ['What is the capital of France?', 'And of Spain?'] as const;

/** The same answers in Node: to the prompt, and to the questions. */
let expected: readonly (readonly number[])[];
beforeAll(async () => {
  const model = await openModel(fileURLToPath(new URL(`../../models/${shards[0]}`, import.meta.url)), { nCtx: 256 });
  const chat = model.chat(chatOptions);
  const story = await model.generate(prompt, greedy).result;
  const first = await chat.send(questions[0]).result;
  const second = await chat.send(questions[1]).result;
  expected = [story, first, second].map(({ tokens }) => tokens);
  await model.close();
});

for (const browser of Object.values(browsers)) {
  const missing = absence(browser);
  if (missing) console.warn(`${browser.name} is not tested: ${missing}`);
}

const cases = Object.values(browsers).flatMap((browser) => [
  { browser, isolated: true, threads: browser.sharesMemory ? 2 : 1 },
  { browser, isolated: false, threads: browser === browsers.webkitThreads ? 2 : 1 }, // its switch asks no page
]);

for (const { browser, isolated, threads } of cases) {
  const missing = absence(browser);
  const where = `${browser.name}, ${isolated ? 'isolated' : 'not isolated'}`;
  describe.skipIf(missing)(missing ? `${where} (skipped: ${missing})` : where, () => {
    let page: Page;
    beforeAll(async () => {
      page = await openPage(browser, { isolated });
    });
    afterAll(() => page?.close());

    it(`has ${threads === 1 ? 'no shared memory and one thread' : 'shared memory and threads'}`, async () => {
      expect(await page.ask('environment')).toMatchObject({ sharedMemory: threads > 1 });
      const info = await page.ask('open', shards, { nCtx: 512, threads: 2 });
      expect(info).toMatchObject({ threads, name: expect.stringMatching(/smollm2/i) });
    });

    it('streams the tokens that Node makes', async () => {
      const answer = (await page.ask('generate', prompt, greedy)) as Streamed;
      expect(answer.tokens).toEqual(expected[0]);
      expect(answer.nPieces).toBeGreaterThan(10);
    });

    it('stops within one token on an abort signal', async () => {
      const stopped = await page.ask('abort', prompt, { ...greedy, maxTokens: 400 }, 5);
      expect(stopped).toMatchObject({ name: 'AbortError' });
      expect((stopped as { nSeen: number }).nSeen).toBeLessThan(10);
    });

    it('chats, and reads only what is new in the second turn', async () => {
      const first = (await page.ask('send', questions[0], chatOptions)) as Streamed;
      expect(first.text).toMatch(/Paris/);
      expect(first.tokens).toEqual(expected[1]);
      const second = (await page.ask('send', questions[1])) as Streamed;
      expect(second.tokens).toEqual(expected[2]);
      expect(second.nReusedTokens).toBeGreaterThanOrEqual(first.nPromptTokens);
    });

    it('refuses calls once the model is closed', async () => {
      await page.ask('close');
      await expect(page.ask('generate', prompt, greedy)).rejects.toThrow(/the model is closed; open it again/);
    });

    it('computes the same bits as every other engine', async () => {
      const { prefill, decode } = sha256;
      const run = (build: string) => page.ask('fingerprint', shards, { threads, build, parts: ['prefill', 'decode'] });
      expect(await run('simd')).toMatchObject({ threads, hashes: { prefill, decode } });
      const relaxed = await run('relaxed').catch((error: Error) => error);
      if (relaxed instanceof Error) expect(relaxed).toMatchObject({ name: 'UnsupportedError' });
      else expect(relaxed).toMatchObject({ threads, hashes: { prefill, decode } });
    });

    it('says what is wrong with what it was given', async () => {
      const notGguf = [...new TextEncoder().encode('PK\u0003\u0004 this is a zip file, not a model')];
      await expect(page.ask('openBytes', 'model.zip', notGguf)).rejects.toThrow(
        expect.objectContaining({ name: 'FormatError', message: expect.stringContaining('model.zip') }),
      );
      await expect(page.ask('openBytes', 'empty.gguf', [])).rejects.toThrow(/empty.gguf/);
      await expect(page.ask('open', shards.slice(0, 1), {})).rejects.toThrow(
        expect.objectContaining({ name: 'ResourceError', message: expect.stringContaining(shards[1]!) }),
      );
      await expect(page.ask('openUrl', 'https://example.org/model.gguf')).rejects.toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('give a File') }),
      );
    });
  });
}

/** Opens a page in which a script is broken. */
async function withPage(browser: Browser, options: Parameters<typeof openPage>[1], use: (page: Page) => Promise<void>) {
  const page = await openPage(browser, options);
  try {
    await use(page);
  } finally {
    await page.close();
  }
}

const resourceError = (message: RegExp) =>
  expect.objectContaining({ name: 'ResourceError', message: expect.stringMatching(message) });

/** The threads' script, with something that compute threads do first. */
const computing = (first: string): Record<string, string> => {
  const script = readFileSync(new URL('../../dist/web/engine.js', import.meta.url), 'utf8');
  return { '/dist/web/engine.js': `if (self.name === 'thimble compute') { ${first} }\n${script}` };
};

for (const browser of [browsers.chromium, browsers.firefox]) {
  const missing = absence(browser);
  describe.skipIf(missing)(
    missing ? `${browser.name} (skipped: ${missing})` : `${browser.name}, when a worker dies`,
    () => {
      const open = (page: Page, threads: number) => page.ask('open', shards, { nCtx: 256, threads });

      it("rejects when the engine's script fails, and says so", async () => {
        const replaced = { '/dist/web/engine.js': "throw new Error('out of luck');" };
        await withPage(browser, { isolated: true, replaced }, async (page) => {
          await expect(open(page, 1)).rejects.toThrow(resourceError(/the engine's thread died: .*out of luck/));
        });
      });

      it('does not wait for a script that is empty, or that is another one', async () => {
        const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"; // no blob: in its place
        const replaced: Record<string, string> = {};
        await withPage(browser, { isolated: true, replaced, policy }, async (page) => {
          replaced['/dist/web/engine.js'] = '';
          await expect(open(page, 1)).rejects.toThrow(resourceError(/cannot start: .*\/engine\.js is empty; serve it/));
          replaced['/dist/web/engine.js'] = 'export default 1;';
          await expect(open(page, 1)).rejects.toThrow(resourceError(/cannot start: .* is another script; serve it/));
          delete replaced['/dist/web/engine.js'];
          expect(await open(page, 1)).toMatchObject({ threads: 1 });
        });
        await withPage(browser, { isolated: true, replaced: { '/dist/web/engine.js': '' } }, async (page) => {
          expect(await open(page, 1)).toMatchObject({ threads: 1 }); // from what the library brings along
        });
      });

      it('works on one thread where a compute thread does not start, and says why', async () => {
        const replaced = computing("throw new Error('out of luck');");
        await withPage(browser, { isolated: true, replaced }, async (page) => {
          const noThreads = expect.stringMatching(/a compute thread did not start: .*out of luck/);
          expect(await open(page, 2)).toMatchObject({ threads: 1, noThreads });
          expect(await page.ask('generate', prompt, greedy)).toMatchObject({ tokens: expected[0] });
        });
      });

      it('rejects the running call when a compute thread dies in the middle', async () => {
        const dying =
          "self.onmessage = () => { postMessage('ready'); setTimeout(() => { throw new Error('out of luck'); }, 200); };" +
          'self.addEventListener = () => undefined;';
        await withPage(browser, { isolated: true, replaced: computing(dying) }, async (page) => {
          await expect(open(page, 2)).rejects.toThrow(resourceError(/a compute thread died .*out of luck/));
        });
      });
    },
  );
}

for (const browser of [browsers.chromium, browsers.firefox]) {
  const missing = absence(browser);
  describe.skipIf(missing)(
    missing ? `${browser.name} (skipped: ${missing})` : `${browser.name}, with files that are not the engine's`,
    () => {
      const replaced: Record<string, string | undefined> = {};
      let page: Page;
      beforeAll(async () => void (page = await openPage(browser, { isolated: false, replaced })));
      afterAll(() => page?.close());

      /** Asks while a file is another one, and once more when it is there. */
      async function ask(path: string, instead: string | undefined, model: string) {
        replaced[path] = instead;
        const failed = await page.ask('scoreBytes', [...tinyModel(model)]).catch((error: unknown) => error);
        delete replaced[path];
        expect(await page.ask('scoreBytes', [...tinyModel(model)])).toBe(2);
        return failed;
      }

      it.each([
        ['models', 'glm4'],
        ['weights', 'llama-iq1_m'],
        ['calls', 'llama'],
      ])(
        'names the part that is missing, a page or of another build, and works once it is there: %s',
        async (part, model) => {
          const path = `/dist/web/engine.${part}.js`;
          const text = readFileSync(new URL(`../..${path}`, import.meta.url), 'utf8');
          const other = text.replace(/sharedWith\("[^"]+"\)/, 'sharedWith("other")');
          const cannot = new RegExp(`cannot load .*/engine\\.${part}\\.js: .*; serve the file of this build`);
          expect(await ask(path, undefined, model)).toEqual(resourceError(cannot));
          expect(await ask(path, '<!doctype html>', model)).toEqual(resourceError(cannot));
          expect(await ask(path, other, model)).toEqual(resourceError(/engine\..*are of two builds; serve/));
          expect(await ask(path, 'export const a = 1;', model)).toEqual(
            resourceError(/is no part of the engine; serve/),
          );
        },
      );

      it('names the kernels that are a page', async () => {
        for (const build of ['simd', 'relaxed']) replaced[`/dist/thimble.${build}.wasm`] = '<!doctype html>';
        const failed = page.ask('scoreBytes', [...tinyModel('llama')]);
        await expect(failed).rejects.toThrow(
          resourceError(/thimble\.\w+\.wasm is no WebAssembly; serve the file of this build/),
        );
        for (const path of Object.keys(replaced)) delete replaced[path];
        expect(await page.ask('scoreBytes', [...tinyModel('llama')])).toBe(2);
      });
      it('says what a policy has to allow', async () => {
        const scoring = (policy: string, use: (scored: Promise<unknown>) => Promise<void>) =>
          withPage(browser, { isolated: false, policy }, (page) =>
            use(page.ask('scoreBytes', [...tinyModel('llama')])),
          );
        await scoring("script-src 'self'", (scored) =>
          expect(scored).rejects.toThrow(/does not let WebAssembly run: .*; allow it: script-src 'wasm-unsafe-eval'/),
        );
        await scoring("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'", (scored) =>
          expect(scored).rejects.toThrow(
            /cannot start: http.*engine\.js cannot be loaded; .*allow it \(worker-src 'self'\)/,
          ),
        );
        await scoring("script-src 'self' 'wasm-unsafe-eval'", (scored) => expect(scored).resolves.toBe(2));
      });
      it('goes on with an open model when a part is there again', async () => {
        await page.ask('openKept', [...tinyModel('llama')]);
        replaced['/dist/web/engine.calls.js'] = undefined;
        await expect(page.ask('score', [1, 2, 3])).rejects.toThrow(resourceError(/cannot load/));
        delete replaced['/dist/web/engine.calls.js'];
        expect(await page.ask('score', [1, 2, 3])).toBe(2);
        await page.ask('close');
      });
    },
  );
}

const noChromium = absence(browsers.chromium);
describe.skipIf(noChromium)(noChromium ? `chromium (skipped: ${noChromium})` : 'chromium, short of memory', () => {
  it('says how much the model needs when the device will not give it', async () => {
    const flags = ['--js-flags=--wasm-max-mem-pages=1024']; // 64 MiB
    await withPage(browsers.chromium, { isolated: true, flags }, async (page) => {
      const opening = page.ask('open', shards, { nCtx: 256 });
      await expect(opening).rejects.toThrow(resourceError(/this model needs [\d,]+ bytes of memory/));
    });
  });
});

for (const browser of [browsers.chromium, browsers.firefox]) {
  const missing = absence(browser);
  describe.skipIf(missing)(missing ? `${browser.name} (skipped: ${missing})` : `${browser.name}, other ways in`, () => {
    it('opens bytes, answers, streams and what a file picker holds', async () => {
      const bytes = tinyModel('llama');
      await withPage(browser, { isolated: false }, async (page) => {
        const answers = (await page.ask('sources', [...bytes])) as number[][];
        expect(answers).toHaveLength(6);
        for (const tokens of answers) expect(tokens).toEqual(answers[0]);
      });
    });

    it('reads model files: headers over HTTP, memory, plans', async () => {
      await withPage(browser, { isolated: false }, async (page) => {
        const read = await page.ask('gguf', `/models/${shards[0]}`);
        expect(read).toMatchObject({ tensors: 272, shards: 2, planned: 272 });
        expect((read as { totalBytes: number }).totalBytes).toBeGreaterThan(9e7);
      });
    });
  });
}

for (const browser of [browsers.chromium, browsers.firefox, browsers.webkit]) {
  const missing = absence(browser);
  it.skipIf(missing)(
    `${browser.name}: what loads on demand is as in Node${missing ? ` (skipped: ${missing})` : ''}`,
    async () => {
      const files = { model: tinyModel('gemma2'), lora: tinyLora('gemma2'), encoder: tinyEncoder('bert-mean') };
      const wanted = await onDemand(openModel, files);
      expect(wanted.guessed).toEqual(wanted.bare);
      expect(wanted.adapted).not.toEqual(wanted.bare);
      await withPage(browser, { isolated: false }, async (page) => {
        const numbers = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, [...bytes]]));
        expect(await page.ask('onDemand', numbers)).toEqual(wanted);
      });
    },
  );
}

describe.skipIf(noChromium)(noChromium ? `chromium (skipped: ${noChromium})` : 'chromium, with Trusted Types', () => {
  const rest = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; require-trusted-types-for 'script'";
  const open = (page: Page) => page.ask('open', shards, { nCtx: 256, threads: 2 });

  it('works where a page asks for them, and for the policy by its name', async () => {
    for (const policy of [rest, `${rest}; trusted-types thimble`]) {
      await withPage(browsers.chromium, { isolated: true, policy }, async (page) => {
        expect(await open(page)).toMatchObject({ threads: 2 });
        expect(await page.ask('generate', prompt, greedy)).toMatchObject({ tokens: expected[0] });
      });
    }
  });

  it('says which policy to allow where the page allows others only', async () => {
    await withPage(browsers.chromium, { isolated: true, policy: `${rest}; trusted-types other` }, async (page) => {
      await expect(open(page)).rejects.toThrow(
        expect.objectContaining({
          name: 'UnsupportedError',
          message: expect.stringContaining('trusted-types thimble'),
        }),
      );
    });
  });
});
