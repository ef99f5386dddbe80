/**
 * A model in less memory than it needs: tokens a second at several budgets, beside what the bytes that were read would take at the rate of
 * reading this file. `--svg FILE` draws the curve. `--limit` has the system hold the whole process to so much memory, so that the file is read from
 * storage, and `--native` puts llama.cpp beside it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { checkFit as CheckFit } from '../src/api/fit_on_demand.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { curve, type Line } from './lib/curve.ts';
import { describeMachine } from './lib/machine.ts';
import { runLimited } from './lib/limited.ts';
import { count, oneOf, readOptions } from './lib/options.ts';
import { measurePart, type PagedOptions, type PagedPart } from './lib/paged_part.ts';
import { readingRate } from './lib/storage.ts';
import { table } from './lib/table.ts';
import { digits } from './measure/stats.ts';
import { findChromium, openPage } from './peers/chromium.ts';
import { defaultPeersDir, installPeers } from './peers/install.ts';

const peers = process.env['THIMBLE_PEERS'] ?? join(homedir(), '.cache', 'thimble', 'peers');
const { options } = readOptions('usage: node bench/run.mjs paging [options]', {
  model: { value: 'FILE', default: join(peers, 'gguf', 'llama-3.2-1b-Q4_0.gguf'), help: 'a GGUF file' },
  parts: { value: 'P,…', default: '100,80,60,40', help: 'budgets, in percent of what it needs as a whole' },
  where: {
    value: 'PLACE',
    default: 'node',
    help: 'node; or Chromium: file, as a user picks it, or opfs, which the browser stores',
  },
  threads: { value: 'N', default: '2', help: 'compute threads' },
  tokens: { value: 'N', default: '32', help: 'tokens of each answer' },
  limit: {
    value: 'LIST',
    help: 'the system gives each process so much memory, such as 1500M,2G, which also holds what was read of the file',
  },
  native: { help: 'with --limit: llama.cpp, which maps the file, by turns with it' },
  rounds: { value: 'N', default: '2', help: 'turns of each with --limit' },
  'prefer-cached': { value: 'X', help: 'a margin within which experts in memory are preferred: an approximation' },
  svg: { value: 'FILE', default: '', help: 'where the curve is drawn' },
});
if (!existsSync(options.model)) throw new Error(`${options.model} is not there; give another one: --model FILE`);
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel, checkFit } = (await import(library.href)) as {
  openModel: typeof OpenModel;
  checkFit: typeof CheckFit;
};

const nTokens = count('tokens', options.tokens);
const threads = count('threads', options.threads);
const opening = { threads, maxSessions: 1, nCtx: nTokens + 32 };
const margin = options['prefer-cached'];
const preferCached = margin === undefined ? undefined : Number(margin);
const { needs } = await checkFit(options.model, opening);

/** `1500M` or `2G`. */
function bytesIn(text: string): number {
  const [, n, unit] = /^(\d+(?:\.\d+)?)([MG])$/.exec(text) ?? [];
  if (n === undefined) throw new RangeError(`--limit is ${JSON.stringify(text)}, expected bytes such as 1500M or 2G`);
  return Math.floor(Number(n) * (unit === 'M' ? 1e6 : 1e9));
}

const jobOf = (part: number): PagedOptions => ({
  open: part < 100 ? { ...opening, preferCached, memory: Math.floor((needs.totalBytes * part) / 100) } : opening,
  nTokens,
});

interface Result extends PagedPart {
  readonly part: number;
  /** Bytes a second, read while the model was open; NaN in a page. */
  readonly rate: number;
}

async function inNode(parts: readonly number[]): Promise<Result[]> {
  const found: Result[] = [];
  for (const part of parts) {
    let rate = NaN;
    const before = async (): Promise<void> => void (rate = await readingRate(options.model));
    found.push({ part, ...(await measurePart(openModel, options.model, { ...jobOf(part), before })), rate });
  }
  return found;
}

async function inChromium(place: 'file' | 'opfs', parts: readonly number[]): Promise<Result[]> {
  const [dir, chromium] = [defaultPeersDir(), findChromium()];
  installPeers(dir, ['playwright-core']);
  if (!chromium) throw new Error('there is no Chromium on the PATH');
  const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const page = await openPage({ dir, chromium, mounts: { bench: folder('.'), dist: folder('../../dist') } });
  try {
    await page.setFiles([options.model]);
    const found = await page.call<PagedPart[]>('/bench/paging_page.js', 'measureInPage', place, parts.map(jobOf));
    return found.map((result, i) => ({ ...result, part: parts[i]!, rate: NaN }));
  } finally {
    await page.close();
  }
}

console.log(describeMachine());
const draw = (lines: readonly Line[]): void => {
  if (options.svg !== '') writeFileSync(options.svg, curve(lines));
};
if (options.limit !== undefined) {
  const { model, native } = options;
  const limits = options.limit.split(',').map(bytesIn);
  const rounds = count('rounds', options.rounds);
  const { text, lines } = await runLimited({ model, limits, threads, nTokens, rounds, native });
  console.log(text);
  draw(lines);
  process.exit();
}
const parts = options.parts.split(',').map(Number);
const where = oneOf('where', options.where, ['node', 'file', 'opfs']);
const results = await (where === 'node' ? inNode(parts) : inChromium(where, parts));
const computeMs = results.find(({ paging }) => !paging)?.msPerToken ?? 0;
const rows = results.map(({ part, openMs, msPerToken, rate, paging }) => {
  const predictedMs = computeMs + (1000 * (paging?.bytesPerToken ?? 0)) / rate;
  return [
    `${part} %`,
    digits((needs.totalBytes * part) / 1e11),
    digits(1000 / msPerToken),
    computeMs > 0 && rate > 0 ? digits(1000 / predictedMs) : '',
    digits((paging?.bytesPerToken ?? 0) / 1e6),
    paging?.hitRate === undefined ? '' : `${Math.round(100 * paging.hitRate)} %`,
    digits((paging?.waitMs ?? 0) / nTokens),
    digits((paging?.packMs ?? 0) / nTokens),
    rate > 0 ? digits(rate / 1e9) : '',
    digits(openMs / 1000),
  ];
});
const head = [
  'memory',
  'GB',
  'tokens/s',
  'by the bytes',
  'MB a token',
  'hits',
  'wait ms',
  'pack ms',
  'reading GB/s',
  'opening s',
];
console.log(table(head, rows));
const pointOf = ({ part, msPerToken }: Result) => ({
  x: (needs.totalBytes * part) / 100 / 1e9,
  y: 1000 / msPerToken,
});
draw([{ name: 'thimble, file in the page cache', points: results.map(pointOf) }]);
