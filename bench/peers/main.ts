/**
 * thimble beside other engines that run GGUF files, on the same files in the same minutes. Every round goes once through all
 * engines, each in a process of its own, so that disturbances of the machine hit them alike.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { measureInChild } from '../lib/child.ts';
import { embedded } from '../lib/embedded.ts';
import { describeMachine } from '../lib/machine.ts';
import { count, counts, readOptions } from '../lib/options.ts';
import type { Measured } from '../measure/phases.ts';
import { awaitQuiet, Watch } from '../lib/processes.ts';
import { freeResultsFile } from '../lib/results.ts';
import { digits } from '../measure/stats.ts';
import { defaultModels, isMeasured, peers, phasesFor, type Cell, type Peer } from './cells.ts';
import { chromiumF16 } from '../../scripts/software_gpu.mjs';
import { findChromium } from './chromium.ts';
import { isSynthetic, modelFile } from './gguf.ts';
import { defaultPeersDir, enginePackages, installPeers, restrictedPeers } from './install.ts';
import { report, type PeerRun, type Results } from './report.ts';

const { options } = readOptions('usage: node bench/run.mjs peers [options]', {
  models: {
    value: 'LIST',
    help: 'names such as smollm2-135m-Q4_K, or files; default: all sizes and types, and the embedded one',
  },
  threads: { value: 'LIST', default: '1,2', help: 'numbers of threads' },
  rounds: { value: 'N', default: '5', help: 'runs of each engine' },
  only: {
    value: 'REGEX',
    default: '',
    help: 'cells by "engine model tTHREADS", such as "^(thimble|native) .*Q4_K t1"',
  },
  phases: { value: 'LIST', help: 'such as "prefill 128,decode"; default: all that an engine gets' },
  budget: { value: 'SECONDS', help: 'starts nothing more after this' },
  wait: { value: 'SECONDS', default: '45', help: 'longest wait for a quiet machine before a run' },
  timeout: { value: 'SECONDS', default: '600', help: 'most that one run may take' },
  node: { value: 'PATH', help: 'the Node that runs thimble; relaxed SIMD takes Node 22 or newer. Default: this one' },
  chromium: { value: 'PATH', help: 'Chromium or Chrome; default: the first on the PATH' },
  peers: {
    value: 'DIR',
    help: 'where the other engines are, or get installed; default: THIMBLE_PEERS, or the cache folder',
  },
  gguf: {
    value: 'DIR',
    help: 'where the synthetic models are, or get written; default: gguf in the folder of the engines',
  },
  out: { value: 'FILE', help: 'results; default: bench/results/DATE-MACHINE.json' },
  report: { value: 'FILE', help: 'measures nothing, prints the table of a results file' },
});

if (options.report) {
  console.log(report(JSON.parse(readFileSync(options.report, 'utf8')) as Results));
  process.exit(0);
}

const dir = options.peers ?? defaultPeersDir();
const models = options.models?.split(',') ?? [...defaultModels, embedded];
const only = new RegExp(options.only);
const phases = options.phases?.split(',');
const cells = models.flatMap((model) =>
  counts('threads', options.threads).flatMap((threads) =>
    peers
      .filter((peer) => isMeasured(peer, model, threads) && only.test(`${peer} ${labelOf(model)} t${threads}`))
      .map((peer): Cell => ({
        peer,
        model,
        threads,
        phases: phasesFor(peer, model).filter(({ name }) => !phases || phases.includes(name)),
        words: isSynthetic(model) ? 'pairs' : 'english',
      })),
  ),
);
if (cells.length === 0) throw new RangeError(`--only ${options.only} leaves nothing to measure`);
installPeers(dir, enginePackages);
const chromium = options.chromium ?? findChromium();
const needsChromium = (peer: Peer): boolean => peer === 'thimble-web' || peer === 'wllama';
if (!chromium && cells.some(({ peer }) => needsChromium(peer))) {
  throw new Error('there is no Chromium on the PATH; give one with --chromium, or leave its rows out with --only');
}
async function measureAll(): Promise<void> {
  const startMs = performance.now();
  const budgetMs = 1000 * (options.budget ? count('budget', options.budget) : Infinity);
  const machine = describeMachine();
  const date = new Date().toISOString().slice(0, 10);
  const out = options.out ?? freeResultsFile(date, machine);
  const runs: PeerRun[] = [];
  const rounds = count('rounds', options.rounds);
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      if (performance.now() - startMs > budgetMs) break;
      runs.push(await measureCell(cell, round));
      writeFileSync(out, `${JSON.stringify({ date, machine, runs } satisfies Results, null, 1)}\n`);
    }
  }
  const markdown = report({ date, machine, runs });
  writeFileSync(out.replace(/\.json$/, '') + '.md', `${markdown}\n`);
  console.log(markdown);
  process.stderr.write(`\nwritten to ${out}\n`);
}

async function measureCell(cell: Cell, round: number): Promise<PeerRun> {
  const { peer, threads } = cell;
  const model = labelOf(cell.model);
  const path = await modelFile(cell.model, options.gguf ?? join(dir, 'gguf'));
  await awaitQuiet(1000 * count('wait', options.wait));
  const at = new Date().toISOString();
  let watch: Watch | undefined;
  const run = { peer, model, threads, round, at };
  const timeoutMs = 1000 * count('timeout', options.timeout);
  try {
    const onStart = (pid: number): void => void (watch = new Watch(pid));
    const measured = await starters[peer]({ ...cell, model: path }, { timeoutMs, onStart });
    const { otherCpu, childPeakMb } = watch!.stop();
    // In Chromium the largest process is the page's: the model lies in its memory.
    const rssMb = measured.rssMb ?? childPeakMb;
    log(run, measured, otherCpu);
    return { ...run, otherCpu, measured: { ...measured, rssMb } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`round ${round}, ${peer}, ${model}, ${threads} thread(s): ${message}\n`);
    return { ...run, otherCpu: watch?.stop().otherCpu ?? 0, error: message };
  }
}

interface StartOptions {
  readonly timeoutMs: number;
  readonly onStart: (pid: number) => void;
}

type Starter = (cell: Cell, start: StartOptions) => Promise<Measured>;

const inBrowser =
  (engine: 'thimble' | 'wllama'): Starter =>
  ({ model, threads, phases, words }, start) =>
    measureInChild('browser', { engine, dir, chromium, model, threads, phases, words }, start);

/** On WebGPU, in a Chromium that has f16 even where it is software: wllama needs that. */
const onGpu =
  (engine: 'thimble' | 'wllama'): Starter =>
  ({ model, phases, words }, start) => {
    const found = chromiumF16();
    if (!found) throw new Error('there is no Chromium with f16, which wllama needs; scripts/chromium_f16.sh makes one');
    const { program: chromium, env } = found;
    return measureInChild(
      'browser',
      { engine, dir, chromium, env, gpu: true, model, threads: 1, phases, words },
      start,
    );
  };

const native =
  (peersDir: () => string, label: string): Starter =>
  ({ model, threads, phases }, start) =>
    measureInChild('native', { dir: peersDir(), model, threads, phases, label }, start);

const starters: Readonly<Record<Peer, Starter>> = {
  thimble: ({ model, threads, phases }, start) =>
    measureInChild('thimble', { model, phases, options: { threads } }, { ...start, node: options.node }),
  'thimble-fast': ({ model, threads, phases }, start) =>
    measureInChild(
      'thimble',
      { model, phases, options: { threads, activations: 'fast' } },
      { ...start, node: options.node },
    ),
  'thimble-web': inBrowser('thimble'),
  native: native(() => dir, ''),
  'native-avx2': native(() => restrictedPeers(dir, 'haswell'), ' held to AVX2'),
  wllama: inBrowser('wllama'),
  'thimble-gpu': onGpu('thimble'),
  'wllama-gpu': onGpu('wllama'),
};

function log({ peer, model, threads, round }: Omit<PeerRun, 'otherCpu'>, { tps, loadMs }: Measured, otherCpu: number) {
  const speeds = Object.entries(tps).map(([name, speed]) => `${name} ${digits(speed)}`);
  const noise = otherCpu > 0.25 ? `, ${digits(otherCpu)} cores busy elsewhere` : '';
  const what = `round ${round}, ${peer}, ${model}, ${threads} thread(s)`;
  process.stderr.write(`${what}: ${speeds.join(', ')} tokens/s, load ${digits(loadMs)} ms${noise}\n`);
}

function labelOf(model: string): string {
  return isSynthetic(model) ? model : basename(model).replace(/(-00001-of-\d{5})?\.gguf$/, '');
}

await measureAll();
