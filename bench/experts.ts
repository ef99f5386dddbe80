/**
 * A mixture of experts, all of it in memory: gpt-oss-20b's true shapes with fewer layers and random weights. How fast it decodes, against the time
 * in which memory gives the bytes that a token has to touch, and how fast it reads a prompt.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { openModel as OpenModel } from '../src/api/open_model.ts';
import { detectFeatures } from '../src/platform/features.ts';
import { fileName, touchedBytes, writeGptOss } from './lib/gpt_oss.ts';
import { host } from './lib/host.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';
import { openLimits } from './measure/limits.ts';
import { digits, median, percent, spread } from './measure/stats.ts';

const peers = process.env['THIMBLE_PEERS'] ?? join(homedir(), '.cache', 'thimble', 'peers');
const { options } = readOptions('usage: node bench/run.mjs experts [options]', {
  layers: { value: 'N', default: '7', help: 'layers, 0.45 GB each' },
  vocab: { value: 'N', default: '16384', help: 'tokens that the model knows; the real one knows 201088' },
  skew: { value: 'X', default: '1', help: "exponent of Zipf's law by which routers prefer some experts; 0: none are" },
  model: { value: 'FILE', help: 'the file, made where it is not there; default: in the cache of peers' },
  'write-only': { help: 'make the file, measure nothing' },
  threads: { value: 'LIST', default: '2', help: 'numbers of compute threads' },
  tokens: { value: 'N', default: '32', help: 'tokens that are made in a round' },
  prefill: { value: 'LIST', default: '128,512', help: 'lengths of prompts' },
  rounds: { value: 'N', default: '3', help: 'times that each is measured; medians are printed' },
});

const shape = {
  nLayers: count('layers', options.layers),
  nVocab: count('vocab', options.vocab),
  skew: Number(options.skew),
};
const path = options.model ?? join(peers, 'gguf', fileName(shape));
if (!existsSync(path)) {
  process.stderr.write(`writing ${path} …\n`);
  mkdirSync(dirname(path), { recursive: true });
  await writeGptOss(shape, path);
}
if (options['write-only']) process.exit();

const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };
/** Sweeps of memory that are one measure of how fast it is. */
const SWEEPS = 5;

const [nTokens, nRounds] = [count('tokens', options.tokens), count('rounds', options.rounds)];
const prompts = counts('prefill', options.prefill);
const { output, experts, attention } = touchedBytes;
const bytes = shape.nLayers * (experts + attention) + output(shape.nVocab);

/** What one number of threads was measured at. */
interface Measured {
  readonly decode: number[];
  /** Bytes a second that all threads together read from memory, right before and right after. */
  readonly limit: number[];
  readonly prefill: readonly number[][];
}

async function measure(threads: number): Promise<Measured> {
  const limits = await openLimits({ build: detectFeatures().build, threads, sweepBytes: 512 << 20, host: host() });
  const model = await openModel(path, { threads, nCtx: Math.max(...prompts) + nTokens + 8 });
  const session = model.openSession();
  let salt = 0;
  const text = (n: number): number[] => {
    salt++;
    return Array.from({ length: n }, (_, i) => 300 + ((salt * 7919 + i * 31) % (shape.nVocab - 400)));
  };
  const how = { temperature: 1, seed: 1, ignoreEos: true } as const; // tokens of all kinds, and so experts
  const decode = async (): Promise<number> =>
    (await session.generate(text(4), { ...how, maxTokens: nTokens })).timings.decodeTps;
  const prefill = async (n: number): Promise<number> =>
    (await session.generate(text(n), { ...how, maxTokens: 1 })).timings.prefillTps;
  const limit = (): number => {
    const startMs = performance.now();
    for (let i = 0; i < SWEEPS; i++) limits.read.run();
    return (1000 * SWEEPS * limits.read.amount) / (performance.now() - startMs);
  };
  await decode(); // compilers warm up
  const rates: Measured = { decode: [], limit: [], prefill: prompts.map(() => []) };
  for (let round = 0; round < nRounds; round++) {
    const before = limit();
    rates.decode.push(await decode());
    rates.limit.push((before + limit()) / 2);
    for (const [i, n] of prompts.entries()) rates.prefill[i]!.push(await prefill(n));
  }
  await model.close();
  await limits.close();
  return rates;
}

const rows: string[][] = [];
for (const threads of counts('threads', options.threads)) {
  const { decode, limit, prefill } = await measure(threads);
  const tps = median(decode);
  rows.push([
    ...[
      String(threads),
      digits(tps),
      percent(spread(decode)),
      digits((tps * bytes) / 1e9),
      digits(median(limit) / 1e9),
    ],
    ...[percent(median(decode.map((each, i) => (each * bytes) / limit[i]!)))],
    ...prefill.map((each) => digits(median(each))),
  ]);
}
const { cpu, nCores, extensions } = describeMachine();
const size = `${shape.nLayers} layers, ${shape.nVocab} tokens, skew ${shape.skew}`;
console.log(`${cpu} (${extensions}), ${nCores} cores, Node ${process.version}; ${size}; ${nRounds} round(s)`);
console.log(`a token touches ${digits(bytes / 1e6)} MB of matrices\n`);
const head = ['threads', 'decode tok/s', '±', 'GB/s', 'memory gives GB/s', 'of that'];
console.log(table([...head, ...prompts.map((n) => `prefill ${n} tok/s`)], rows, 1));
