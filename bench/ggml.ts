/**
 * thimble's matrix products beside those of ggml's own WASM SIMD dot products, on the same matrices in the same minutes: all
 * are checked against the definition, then take turns. One thread.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { encoderOf } from '../src/compress/encode/index.ts';
import { detectFeatures, type Build } from '../src/platform/features.ts';
import { quants } from '../src/quants/index.ts';
import { buildGgml, ggmlPackages } from './ggml/build.ts';
import { openGgml } from './ggml/kernels.ts';
import { measureType } from './ggml/measure.ts';
import { report, type GgmlLine, type GgmlResults } from './ggml/report.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { freeResultsFile } from './lib/results.ts';
import { defaultPeersDir, installPeers } from './peers/install.ts';

const { options } = readOptions('usage: node bench/run.mjs ggml [options]', {
  only: { value: 'REGEX', default: '', help: 'quant types by name, such as "q[45]_"' },
  mib: { value: 'N', default: '256', help: 'MiB of weights that a mat-vec goes through: more than caches hold' },
  rounds: { value: 'N', default: '9', help: 'samples of each product' },
  peers: {
    value: 'DIR',
    help: "where ggml's sources and the compiler are, or get installed; default: THIMBLE_PEERS, or the cache folder",
  },
  out: { value: 'FILE', help: 'results; default: bench/results/DATE-MACHINE-ggml.json' },
  report: { value: 'FILE', help: 'measures nothing, prints the table of a results file' },
});

if (options.report) {
  console.log(report(JSON.parse(readFileSync(options.report, 'utf8')) as GgmlResults));
  process.exit(0);
}

const dir = options.peers ?? defaultPeersDir();
const builds: readonly Build[] = detectFeatures().build === 'relaxed' ? ['relaxed', 'simd'] : ['simd'];
const bytes = count('mib', options.mib) << 20;
const timing = { rounds: count('rounds', options.rounds), sampleMs: 20 };

installPeers(dir, ggmlPackages);
const { file, version } = await buildGgml(dir);
const ggml = await openGgml(file);
const chosen = quants.filter(
  (quant) => encoderOf(quant) && ggml.has(quant) && new RegExp(options.only).test(quant.name),
);
if (chosen.length === 0) throw new RangeError(`--only ${options.only} leaves nothing to measure`);

const machine = describeMachine();
const date = new Date().toISOString().slice(0, 10);
const out = options.out ?? freeResultsFile(date, machine, 'ggml');
const lines: GgmlLine[] = [];
const results: GgmlResults = { date, machine, engine: `Node ${process.version}`, ggml: version, lines };
for (const quant of chosen) {
  process.stderr.write(`${quant.name} …\n`);
  lines.push(...(await measureType(quant, ggml, { builds, bytes, timing })));
  writeFileSync(out, `${JSON.stringify(results, null, 1)}\n`);
}
const markdown = report(results);
writeFileSync(out.replace(/\.json$/, '') + '.md', `${markdown}\n`);
console.log(markdown);
process.stderr.write(`\nwritten to ${out}\n`);
