/** Opening a model with the files in the system's cache: what it costs before the first weights are in place, with all of them, and until the first token. */
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { measureInChild } from './lib/child.ts';
import { embedded } from './lib/embedded.ts';
import { describeMachine } from './lib/machine.ts';
import type { Opening } from './lib/opening.ts';
import { count, readOptions } from './lib/options.ts';
import { digits, median } from './measure/stats.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs load [MODEL.gguf…] [options]', {
  threads: { value: 'N', help: 'compute threads; default: one per core' },
  rounds: { value: 'N', default: '15', help: 'processes for each model and build; medians are printed' },
  node: { value: 'PATH', help: 'the Node that runs thimble; default: this one' },
  against: { value: 'DIR', help: 'take turns with the build in DIR/dist, a checkout or what "keep DIR" left' },
});

const here = fileURLToPath(new URL('../../dist', import.meta.url));
const libraries = [...(options.against ? [resolve(options.against, 'dist')] : []), here];
const models = positionals.length > 0 ? positionals : [embedded];
const threads = options.threads === undefined ? undefined : count('threads', options.threads);
const child = { node: options.node, timeoutMs: 60_000 };

const results = models.flatMap((model) => libraries.map((dist) => ({ model, dist, runs: [] as Opening[] })));
for (let round = -1; round < count('rounds', options.rounds); round++) {
  for (const { model, dist, runs } of results) {
    const library = pathToFileURL(join(dist, 'node', 'index.js')).href;
    const opening = await measureInChild<Opening>('opening', { library, model, threads }, child);
    if (round >= 0) runs.push(opening); // the first one brings the files into the cache
  }
}

const machine = describeMachine();
const head = ['model', 'build', 'first weights ms', 'ready ms', 'first token ms', 'engine'];
const rows = results.map(({ model, dist, runs }) => [
  basename(model).replace(/\.gguf$/, ''),
  dist === here ? 'this' : dist,
  ...(['firstWeightsMs', 'readyMs', 'firstTokenMs'] as const).map((key) => digits(median(runs.map((run) => run[key])))),
  runs[0]!.engine,
]);
console.log(
  `${machine.cpu} (${machine.extensions}), ${machine.nCores} cores; milliseconds from the call of openModel\n`,
);
console.log(table(head, rows, 2));
