/** What a LoRA adapter costs: one session decodes and reads prompts without it and with it, by turns. The adapter is made for the model, of any numbers. */
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Adapted, AdaptersJob, Pair } from './lib/adapters_once.ts';
import { measureInChild } from './lib/child.ts';
import { embedded } from './lib/embedded.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { digits, median, percent, spread } from './measure/stats.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs adapters [MODEL.gguf…] [options]', {
  rank: { value: 'N', default: '16', help: 'of all products' },
  threads: { value: 'LIST', default: '1,2', help: 'numbers of compute threads' },
  rounds: { value: 'N', default: '9', help: 'times that each is measured; medians are printed' },
  tokens: { value: 'N', default: '48', help: 'tokens decoded in a round' },
  prefill: { value: 'N', default: '256', help: 'tokens of the prompts that are read' },
  node: { value: 'PATH', help: 'the Node that runs thimble; default: this one' },
  against: { value: 'DIR', help: 'measure the build in DIR/dist, too, a checkout or what "keep DIR" left' },
});

const here = fileURLToPath(new URL('../../dist', import.meta.url));
const libraries = [...(options.against ? [resolve(options.against, 'dist')] : []), here];
const models = positionals.length > 0 ? positionals : [embedded];
const sizes = {
  rank: count('rank', options.rank),
  rounds: count('rounds', options.rounds),
  tokens: count('tokens', options.tokens),
  prefill: count('prefill', options.prefill),
};

const rows: string[][] = [];
for (const model of models) {
  for (const threads of counts('threads', options.threads)) {
    for (const dist of libraries) {
      const library = pathToFileURL(join(dist, 'node', 'index.js')).href;
      const job: AdaptersJob = { library, model, threads, ...sizes };
      const measured = await measureInChild<Adapted>('adapters_once', job, { node: options.node, timeoutMs: 600_000 });
      for (const what of ['decode', 'prefill'] as const) {
        const build = dist === here ? 'this' : dist;
        const name = basename(model).replace(/\.gguf$/, '');
        rows.push([name, build, String(threads), what, ...costCells(measured[what]), measured.engine]);
      }
    }
  }
}

/** The cost is the median of the rounds' own: what disturbs one round disturbs both of its halves. */
function costCells({ off, on }: Pair): string[] {
  const costs = on.map((ms, round) => ms / off[round]!);
  return [digits(median(off)), digits(median(on)), percent(median(costs) - 1), percent(spread(costs))];
}

const { cpu, nCores, extensions } = describeMachine();
console.log(
  `${cpu} (${extensions}), ${nCores} cores; rank ${sizes.rank}, ${sizes.rounds} round(s); milliseconds a token\n`,
);
console.log(table(['model', 'build', 'threads', 'what', 'off', 'on', 'cost', '±', 'engine'], rows, 4));
