import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFit } from 'thimble';
import { describe, expect, it } from 'vitest';
import { absence, browsers, openPage, type Page } from '../browser/browsers.ts';
import { tinyLora } from '../helpers/tiny_adapters.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { forgetPeak, ownBytes, peakBytes, renderersOf } from './process_memory.ts';

const shards = [1, 2].map((i) => `smollm2-135m-instruct-q4_1-0000${i}-of-00002.gguf`);
const path = fileURLToPath(new URL(`../../models/${shards[0]}`, import.meta.url));
const tiny = { adapter: tinyLora('llama'), adapted: tinyModel('llama') };
const MB = 1e6;
const minutes = (n: number): number => 60_000 * n;

/** What a model may take at its worst: 1.15 × (weights + keys and values) + 60 MB. */
async function mostBytes(): Promise<number> {
  const { needs } = await checkFit(path, { nCtx: 1024, maxSessions: 1 });
  return 1.15 * (needs.weightBytes + needs.kvBytes) + 60 * MB;
}

/** What node_process.mjs measures. */
function inNode(what: 'peak' | 'growth'): number {
  const folder = mkdtempSync(join(tmpdir(), 'thimble-'));
  const files = Object.entries(tiny).map(([name, bytes]) => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  });
  const script = fileURLToPath(new URL('node_process.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, what, path, ...files], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { bytes: number }).bytes;
}

const isLinux = process.platform === 'linux'; // which tells of processes in files

describe.skipIf(!isLinux)('memory in Node', () => {
  it('peaks little above weights, keys and values', async () => {
    const bytes = inNode('peak');
    expect(bytes).toBeGreaterThan(100 * MB); // else it measures nothing
    expect(bytes).toBeLessThan(await mostBytes());
  });

  it('is given back by what is closed, fails or is aborted', { timeout: minutes(5) }, () => {
    expect(inNode('growth')).toBeLessThan(30 * MB);
  });
});

const missing = absence(browsers.chromium) ?? (isLinux ? undefined : 'only Linux tells of processes');
const sumOf = (pids: readonly number[], bytes: (pid: number) => number): number =>
  pids.reduce((sum, pid) => sum + bytes(pid), 0);

/** The least that processes have within some seconds: threads that were ended give back what they had in their own time. */
async function settled(pids: readonly number[]): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < 20; n++) {
    least = Math.min(least, sumOf(pids, ownBytes));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return least;
}

async function withPage(flags: readonly string[], use: (page: Page) => Promise<void>): Promise<void> {
  const page = await openPage(browsers.chromium, { isolated: true, flags, patienceMs: minutes(4) });
  try {
    await use(page);
  } finally {
    await page.close();
  }
}

describe.skipIf(missing)(missing ? `chromium (skipped: ${missing})` : 'memory in Chromium', () => {
  it('peaks little above weights, keys and values', { timeout: minutes(2) }, async () => {
    await withPage([], async (page) => {
      await page.ask('fit', shards, {}); // its files are fetched, its scripts compiled
      const pids = renderersOf(page.pid);
      pids.forEach(forgetPeak);
      const before = sumOf(pids, peakBytes);
      await page.ask('open', shards, { nCtx: 1024, maxSessions: 1 });
      const prompt = Array.from({ length: 1016 }, (_, i) => 100 + (i % 1000));
      await page.ask('generate', prompt, { maxTokens: 4, ignoreEos: true });
      const bytes = sumOf(pids, peakBytes) - before;
      expect(bytes).toBeGreaterThan(50 * MB);
      expect(bytes).toBeLessThan(await mostBytes());
    });
  });

  // On a machine so busy that closing takes longer than a page waits, Chromium keeps a few of 40 memories of 110 MB: 0 to 280 MB, and 850 MB
  // where nobody waits for threads to end.
  it('is given back by what is closed, fails or is aborted', { timeout: minutes(5) }, async () => {
    await withPage(['--js-flags=--expose-gc'], async (page) => {
      const addresses = shards.map((name) => `/models/${name}`);
      const numbers = { adapter: [...tiny.adapter], adapted: [...tiny.adapted] };
      const openings = (n: number) =>
        page.ask('from', '/test/fit/openings.mjs', 'openingsInPage', addresses, numbers, n);
      await openings(6);
      const pids = renderersOf(page.pid);
      const before = await settled(pids);
      await openings(20);
      expect((await settled(pids)) - before).toBeLessThan(440 * MB);
    });
  });

  it.each([
    { pages: 16384, tooMuch: { nCtx: 8192, maxSessions: 8 }, less: { nCtx: 2048, maxSessions: 2 } },
    { pages: 3072, tooMuch: {}, less: { nCtx: 512, maxSessions: 1 } },
  ])('that is not there is said in numbers, and less of it works: $pages pages', async ({ pages, tooMuch, less }) => {
    await withPage([`--js-flags=--wasm-max-mem-pages=${pages}`], async (page) => {
      const wanted = /this model needs [\d,]+ bytes .* would not give; use a smaller nCtx, .*fewer threads/;
      const error = expect.objectContaining({ name: 'ResourceError', message: expect.stringMatching(wanted) });
      await expect(page.ask('open', shards, tooMuch)).rejects.toThrow(error);
      expect(await page.ask('open', shards, less)).toMatchObject({ nCtx: less.nCtx });
      await page.ask('close');
      const fit = (await page.ask('fit', shards, tooMuch)) as Awaited<ReturnType<typeof checkFit>>;
      expect(fit).toMatchObject({ verdict: 'no', reason: expect.stringContaining('that this device gives') });
      const [remedy] = fit.remedies;
      expect(await page.ask('open', shards, { ...tooMuch, ...remedy!.options })).toMatchObject({ threads: 2 });
    });
  });
});
