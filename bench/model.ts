/**
 * Whole models through the public API: loading, memory, prefill and decode at several context lengths. Each configuration
 * runs in a process of its own.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { KvType } from '../src/graph/layer_state.ts';
import { measureInChild } from './lib/child.ts';
import { embedded } from './lib/embedded.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import type { LoadLimit } from './lib/load_limit.ts';
import type { Measured, Phase } from './lib/phases.ts';
import { digits, median } from './lib/stats.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs model [MODEL.gguf…] [options]', {
  threads: { value: 'LIST', default: '1,2', help: 'numbers of compute threads' },
  build: { value: 'relaxed|simd', help: 'kernel build; default: the best one that works here' },
  backend: { value: 'NAME', help: 'wasm or reference; default: wasm' },
  kv: { value: 'LIST', default: 'f16', help: 'how keys and values are kept: f16, f32, q8_0' },
  prefill: { value: 'LIST', default: '128,512,2048', help: 'lengths of prompts' },
  context: { value: 'LIST', default: '16,1024,4096', help: 'positions in front of what is decoded' },
  tokens: { value: 'N', default: '32', help: 'tokens decoded at each' },
  rounds: { value: 'N', default: '1', help: 'processes for each configuration; medians are printed' },
  node: { value: 'PATH', help: 'the Node that runs thimble; default: this one' },
  timeout: { value: 'SECONDS', default: '600', help: 'most that one process may take' },
  json: { help: 'print JSON instead of a table' },
});

const models = positionals.length > 0 ? positionals : [embedded];
for (const model of models) if (!existsSync(model)) throw new Error(`${model}: there is no such file`);
const nTokens = count('tokens', options.tokens);
const phases: Phase[] = [
  ...counts('prefill', options.prefill).map(
    (n) => ({ name: `prefill ${n}`, kind: 'prefill', nTokens: n, nPast: 0 }) as const,
  ),
  ...counts('context', options.context).map(
    (n) => ({ name: `decode @${n}`, kind: 'decode', nTokens, nPast: n }) as const,
  ),
];

interface Result {
  readonly model: string;
  readonly threads: number;
  readonly kvType: KvType;
  readonly runs: Measured[];
  /** What loading takes at least; one for each run, none for plain loops. */
  readonly limits: LoadLimit[];
}

const results: Result[] = models.flatMap((model) =>
  counts('threads', options.threads).flatMap((threads) =>
    (options.kv.split(',') as KvType[]).map((kvType) => ({ model, threads, kvType, runs: [], limits: [] })),
  ),
);
for (let round = 0; round < count('rounds', options.rounds); round++) {
  for (const { model, threads, kvType, runs, limits } of results) {
    process.stderr.write(`${basename(model)}, ${threads} thread(s), ${kvType} …\n`);
    const open = { threads, kvType, build: options.build, backend: options.backend };
    const timeoutMs = 1000 * count('timeout', options.timeout);
    const child = { node: options.node, timeoutMs };
    runs.push(await measureInChild('thimble', { model, phases, options: open }, child));
    if (open.backend === 'reference') continue;
    limits.push(await measureInChild<LoadLimit>('load_limit', { model, threads, build: options.build }, child));
  }
}

const machine = describeMachine();
if (options.json) console.log(JSON.stringify({ machine, phases, results }, null, 1));
else {
  const head = [
    'model',
    'threads',
    'KV',
    ...phases.map(({ name }) => name),
    'load ms',
    'read + pack ms',
    'TTFT ms',
    'RSS MB',
    'engine',
  ];
  const of = (runs: Measured[], key: 'loadMs' | 'ttftMs' | 'rssMb') => digits(median(runs.map((run) => run[key]!)));
  const rows = results.map(({ model, threads, kvType, runs, limits }) => [
    basename(model).replace(/\.gguf$/, ''),
    String(threads),
    kvType,
    ...phases.map(({ name }) => digits(median(runs.map(({ tps }) => tps[name]!)))),
    of(runs, 'loadMs'),
    limits.length === 0 ? '–' : digits(median(limits.map(({ readMs, packMs }) => readMs + packMs))),
    of(runs, 'ttftMs'),
    of(runs, 'rssMb'),
    runs[0]!.engine,
  ]);
  console.log(`${machine.cpu} (${machine.extensions}), ${machine.nCores} cores; tokens per second\n`);
  console.log(table(head, rows, 2));
}
