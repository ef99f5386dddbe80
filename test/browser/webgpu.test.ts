import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { tinyModel } from '../helpers/tiny_models.ts';
import { absence, openPage, type Page } from './browsers.ts';
import { webgpuBrowsers } from './webgpu_browsers.ts';

/** The library on the GPU of a browser: with the texts that Node's WASM makes. */

const shards = [1, 2].map((n) => `smollm2-135m-instruct-q4_1-0000${n}-of-00002.gguf`);
const question = 'Name three rivers.';
const prompt = 'Once upon a time';
const greedy = { temperature: 0, maxTokens: 16 };
const long = { seed: 3, temperature: 1, maxTokens: 60, ignoreEos: true };
const tiny = tinyModel('llama-chat').slice();
const tinyFile = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'tiny.gguf');
writeFileSync(tinyFile, tiny);

/** Of Node, on WASM. */
let expected: Record<'embedded' | 'tiny' | 'long' | 'story', readonly number[]>;
beforeAll(async () => {
  const embedded = await openModel(fileURLToPath(new URL(`../../models/${shards[0]}`, import.meta.url)), { nCtx: 256 });
  const small = await openModel(tiny.slice());
  const tokensOf = async (answer: PromiseLike<{ readonly tokens: readonly number[] }>) => (await answer).tokens;
  expected = {
    embedded: await tokensOf(embedded.chat().send(question, greedy)),
    tiny: await tokensOf(small.chat().send(question, greedy)),
    long: await tokensOf(small.chat().send(question, long)),
    story: await tokensOf(small.generate(prompt, greedy)),
  };
  await embedded.close();
  await small.close();
});

/** The process of a browser that talks to the GPU; `pid` leads the group of its processes. */
function gpuProcess(pid: number): number | undefined {
  const read = (id: string, name: string): string => {
    try {
      return readFileSync(`/proc/${id}/${name}`, 'utf8');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const groupOf = (id: string) => Number(/\) \w+ \d+ (\d+)/.exec(read(id, 'stat'))?.[1]);
  return ids.filter((id) => groupOf(id) === pid && read(id, 'cmdline').includes('--type=gpu-process')).map(Number)[0];
}

describe.each(Object.values(webgpuBrowsers))('$name', (browser) => {
  const absent = absence(browser);
  describe.skipIf(absent)('runs models on its GPU', () => {
    let page: Page;
    beforeAll(async () => {
      page = await openPage(browser, { isolated: true, files: { '/tiny.gguf': tinyFile }, patienceMs: 300_000 });
    });
    afterAll(() => page?.close());
    const open = () => page.ask('openFile', '/tiny.gguf', { backend: 'webgpu' });

    it('answers as on WASM', { timeout: 300_000 }, async () => {
      expect(await open()).toMatchObject({ backend: 'webgpu', gpu: { isFallback: true } });
      expect(await page.ask('send', question, greedy)).toMatchObject({ tokens: expected.tiny });
      await page.ask('close');
    });

    const isFast = browser === webgpuBrowsers.f16; // the others would take minutes
    it.skipIf(!isFast)('runs the embedded model', { timeout: 300_000 }, async () => {
      const info = await page.ask('open', shards, { backend: 'webgpu', nCtx: 256 });
      expect(info).toMatchObject({ backend: 'webgpu', gpu: { features: expect.arrayContaining(['f16']) } });
      expect(await page.ask('send', question, greedy)).toMatchObject({ tokens: expected.embedded });
      await page.ask('close');
    });

    const canKill = browser !== webgpuBrowsers.firefox && process.platform === 'linux'; // which has no process of that kind
    it.skipIf(!canKill)(
      'goes on when the GPU process is killed in the middle of an answer',
      { timeout: 300_000 },
      async () => {
        await open();
        expect(await page.ask('begun', question, long, 5)).toBe('it goes on');
        process.kill(gpuProcess(page.pid)!, 'SIGKILL');
        expect(await page.ask('ending')).toMatch(/^ResourceError: .*lost.*; the next call/);
        expect(await page.ask('afterwards', prompt, greedy)).toEqual({ tokens: expected.long, other: expected.story });
        await page.ask('close');
      },
    );
  });
});
