/** Is a model as fast as `checkFit` says by its header? In Node and in every browser that is installed. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { formatShardName, parseShardName } from '../src/gguf/shard_names.ts';
import { browsers, absence, openPage, type Browser } from '../test/browser/browsers.ts';
import { measureInChild } from './lib/child.ts';
import { embedded } from './lib/embedded.ts';
import type { FitModelFile, FitRuns } from './lib/fit_run.ts';
import { describeMachine } from './lib/machine.ts';
import { readOptions } from './lib/options.ts';
import { digits, median, percent } from './measure/stats.ts';
import { table } from './lib/table.ts';

interface Place {
  readonly name: string;
  run(models: readonly FitModelFile[], threads: number | undefined): Promise<FitRuns>;
}

const inNode = (node: string): Place => ({
  name: node,
  run: (models, threads) => measureInChild<FitRuns>('fit_once', { models, threads }, { node, timeoutMs: 600_000 }),
});

const inBrowser = (name: string, browser: Browser, isolated: boolean): Place => ({
  name,
  async run(models, threads) {
    const missing = absence(browser);
    if (missing) throw new Error(`${browser.name} is ${missing}`);
    const address = (path: string): string => `/files/${basename(path)}`;
    const files = Object.fromEntries(models.flatMap(({ at }) => at.map((path) => [address(path), path])));
    const page = await openPage(browser, { isolated, files, patienceMs: 600_000 });
    const inPage = models.map(({ name, at }) => ({ name, at: at.map(address) }));
    try {
      return (await page.ask('from', '/bench/dist/fit_page.js', 'fitInPage', inPage, threads)) as FitRuns;
    } finally {
      await page.close();
    }
  },
});

const browserPlaces: Readonly<Record<string, Place>> = {
  chromium: inBrowser('chromium', browsers.chromium, true),
  'chromium-alone': inBrowser('chromium-alone', browsers.chromium, false),
  firefox: inBrowser('firefox', browsers.firefox, true),
  'firefox-alone': inBrowser('firefox-alone', browsers.firefox, false),
  webkit: inBrowser('webkit', browsers.webkit, false),
};

const { options, positionals } = readOptions('usage: node bench/run.mjs fit [MODEL.gguf…] [options]', {
  where: {
    value: 'LIST',
    default: `node,${Object.keys(browserPlaces).join(',')}`,
    help: 'programs called node, and browsers; “alone”: in a page that is not isolated',
  },
  threads: { value: 'N', help: 'default: as the engine chooses' },
});
const models = (positionals.length > 0 ? positionals : [embedded]).map((at) => {
  const shard = parseShardName(at);
  const names = shard
    ? Array.from({ length: shard.nShards }, (_, shardIndex) => formatShardName({ ...shard, shardIndex }))
    : [basename(at)];
  const paths = names.map((name) => join(dirname(at), name));
  for (const path of paths) if (!existsSync(path)) throw new Error(`${path}: there is no such file`);
  return { at: paths, name: shard?.prefix ?? basename(at, '.gguf') };
});
const rows: string[][] = [];
let worst = 0;
for (const where of options.where.split(',')) {
  process.stderr.write(`${where} …\n`);
  const place = browserPlaces[where] ?? inNode(where === 'node' ? process.execPath : where);
  const { build, threads, probeMs, runs } = await place.run(
    models,
    options.threads ? Number(options.threads) : undefined,
  );
  for (const { name, predicted, decode } of runs) {
    const measured = median(decode);
    const off = predicted / measured - 1;
    worst = Math.max(worst, Math.abs(off));
    const sign = off < 0 ? '−' : '+';
    const cells = [
      digits(predicted),
      digits(measured),
      `${sign}${percent(Math.abs(off))}`,
      `${Math.round(probeMs)} ms`,
    ];
    rows.push([where, build, String(threads), name, ...cells]);
  }
}
const { cpu, nCores } = describeMachine();
console.log(`${cpu}, ${nCores} cores; tokens per second\n`);
console.log(table(['where', 'build', 'threads', 'model', 'predicted', 'measured', 'off by', 'probe'], rows, 4));
console.log(`\nfarthest off: ${percent(worst)}`);
