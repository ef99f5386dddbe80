/**
 * A model in less memory than it needs: tokens a second at several budgets, beside what the bytes that were read would take at the rate of
 * reading this file. `--svg FILE` draws the curve. `--limit` has the system hold the whole process to so much memory, so that the file is read from
 * storage, and `--native` puts llama.cpp beside it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { checkFit as CheckFit } from '../src/api/fit_on_demand.ts';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { curve } from './lib/curve.ts';
import { describeMachine } from './lib/machine.ts';
import { runLimited } from './lib/limited.ts';
import { count, readOptions } from './lib/options.ts';
import { readingRate } from './lib/storage.ts';
import { table } from './lib/table.ts';
import { digits } from './measure/stats.ts';

const peers = process.env['THIMBLE_PEERS'] ?? join(homedir(), '.cache', 'thimble', 'peers');
const { options } = readOptions('usage: node bench/run.mjs paging [options]', {
  model: { value: 'FILE', default: join(peers, 'gguf', 'llama-3.2-1b-Q4_0.gguf'), help: 'a GGUF file' },
  parts: { value: 'P,…', default: '100,80,60,40', help: 'budgets, in percent of what it needs as a whole' },
  threads: { value: 'N', default: '2', help: 'compute threads' },
  tokens: { value: 'N', default: '32', help: 'tokens of each answer' },
  limit: {
    value: 'BYTES',
    help: 'runs it with so much memory, such as 1500M, that also has to hold what was read of the file',
  },
  native: { help: 'with --limit: llama.cpp, which maps the file, by turns with it' },
  rounds: { value: 'N', default: '2', help: 'turns of each with --limit' },
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
const { needs } = await checkFit(options.model, opening);

/** `1500M` or `2G`. */
function bytesIn(text: string): number {
  const [, n, unit] = /^(\d+(?:\.\d+)?)([MG])$/.exec(text) ?? [];
  if (n === undefined) throw new RangeError(`--limit is ${JSON.stringify(text)}, expected bytes such as 1500M or 2G`);
  return Math.floor(Number(n) * (unit === 'M' ? 1e6 : 1e9));
}

async function measured(part: number) {
  const model = await openModel(
    options.model,
    part < 100 ? { ...opening, memory: Math.floor((needs.totalBytes * part) / 100) } : opening,
  );
  try {
    const how = { temperature: 0, ignoreEos: true, maxTokens: nTokens } as const;
    await model.generate([1, 2, 3], { ...how, maxTokens: 8 }); // caches fill
    const rate = await readingRate(options.model);
    const { timings } = await model.generate([5, 6, 7], how);
    return { part, msPerToken: 1000 / timings.decodeTps, rate, paging: timings.paging };
  } finally {
    await model.close();
  }
}

console.log(describeMachine());
if (options.limit !== undefined) {
  const { model, native } = options;
  const limitBytes = bytesIn(options.limit);
  console.log(
    await runLimited({ model, limitBytes, threads, nTokens, rounds: count('rounds', options.rounds), native }),
  );
  process.exit();
}
const results = [];
for (const part of options.parts.split(',').map(Number)) results.push(await measured(part));
const computeMs = results.find(({ paging }) => !paging)?.msPerToken ?? 0;
const rows = results.map(({ part, msPerToken, rate, paging }) => {
  const predictedMs = computeMs + (1000 * (paging?.bytesPerToken ?? 0)) / rate;
  return [
    `${part} %`,
    digits((needs.totalBytes * part) / 1e11),
    digits(1000 / msPerToken),
    computeMs > 0 ? digits(1000 / predictedMs) : '',
    digits((paging?.bytesPerToken ?? 0) / 1e6),
    paging?.hitRate === undefined ? '' : `${Math.round(100 * paging.hitRate)} %`,
    digits((paging?.waitMs ?? 0) / nTokens),
    digits((paging?.packMs ?? 0) / nTokens),
    digits(rate / 1e9),
  ];
});
const head = ['memory', 'GB', 'tokens/s', 'by the bytes', 'MB a token', 'hits', 'wait ms', 'pack ms', 'reading GB/s'];
console.log(table(head, rows));
if (options.svg !== '')
  writeFileSync(
    options.svg,
    curve(results.map(({ part, msPerToken }) => ({ x: (needs.totalBytes * part) / 100 / 1e9, y: 1000 / msPerToken }))),
  );
