/**
 * Whole models through the public API: loading, memory, prefill and decode at several context lengths. Each configuration
 * runs in a process of its own.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { GpuReport } from '../src/platform/gpu.ts';
import type { ActivationKind } from '../src/graph/activations.ts';
import type { KvType } from '../src/graph/layer_state.ts';
import { keptPrograms } from './lib/against.ts';
import { measureInChild } from './lib/child.ts';
import { embedded } from './lib/embedded.ts';
import { findGpu } from './lib/gpu.ts';
import { checksTable } from './lib/gpu_ops.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import type { LoadLimit } from './lib/load_limit.ts';
import { decodePhase, prefillPhase, type Phase, type ThimbleMeasured } from './measure/phases.ts';
import { digits, median, percent, spread } from './measure/stats.ts';
import { table } from './lib/table.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs model [MODEL.gguf…] [options]', {
  threads: { value: 'LIST', help: 'numbers of compute threads; default: 1,2, and 1 beside a GPU' },
  build: { value: 'relaxed|simd', help: 'kernel build; default: the best one that works here' },
  backend: { value: 'NAME', help: 'wasm, webgpu or reference; default: wasm' },
  kv: { value: 'LIST', default: 'f16', help: 'how keys and values are kept: f16, f32, q8_0' },
  activations: { value: 'LIST', default: 'exact', help: 'what quantised weights are multiplied with: exact, fast' },
  prefill: { value: 'LIST', default: '128,512,2048', help: 'lengths of prompts' },
  context: { value: 'LIST', default: '16,1024,4096', help: 'positions in front of what is decoded' },
  tokens: { value: 'N', default: '32', help: 'tokens decoded at each' },
  rounds: { value: 'N', default: '1', help: 'processes for each configuration; medians are printed' },
  against: {
    value: 'DIR',
    help: 'another build, kept by "node bench/run.mjs keep DIR": its processes take turns with these',
  },
  node: { value: 'PATH', help: 'the Node that runs thimble; default: this one' },
  timeout: { value: 'SECONDS', default: '600', help: 'most that one process may take' },
  json: { help: 'print JSON instead of a table' },
});

const isGpu = options.backend === 'webgpu';
if (isGpu) await findGpu(); // or says what is missing; what runs below finds the same one
const models = positionals.length > 0 ? positionals : [embedded];
for (const model of models) if (!existsSync(model)) throw new Error(`${model}: there is no such file`);
const nTokens = count('tokens', options.tokens);
const phases: Phase[] = [
  ...counts('prefill', options.prefill).map(prefillPhase),
  ...counts('context', options.context).map((n) => decodePhase(nTokens, n)),
];

interface Result {
  readonly model: string;
  readonly threads: number;
  readonly kvType: KvType;
  readonly activations: ActivationKind;
  readonly runs: ThimbleMeasured[];
  /** The same by the build that was kept, each run right before its namesake. */
  readonly before: ThimbleMeasured[];
  /** The least time that loading can take; one for each run, of WASM alone. */
  readonly limits: LoadLimit[];
}

const results: Result[] = models.flatMap((model) =>
  counts('threads', options.threads ?? (isGpu ? '1' : '1,2')).flatMap((threads) =>
    (options.kv.split(',') as KvType[]).flatMap((kvType) =>
      (options.activations.split(',') as ActivationKind[]).map((activations) => ({
        ...{ model, threads, kvType, activations },
        ...{ runs: [], before: [], limits: [] },
      })),
    ),
  ),
);
const kept = options.against && keptPrograms(options.against);
for (let round = 0; round < count('rounds', options.rounds); round++) {
  for (const { model, threads, kvType, activations, runs, before, limits } of results) {
    process.stderr.write(`${basename(model)}, ${threads} thread(s), ${kvType}, ${activations} …\n`);
    const open = { threads, kvType, activations, build: options.build, backend: options.backend };
    const timeoutMs = 1000 * count('timeout', options.timeout);
    const child = { node: options.node, timeoutMs };
    const job = { model, phases, options: open };
    if (kept) before.push(await measureInChild<ThimbleMeasured>('thimble', job, { ...child, programs: kept }));
    runs.push(await measureInChild<ThimbleMeasured>('thimble', job, child));
    if (kept || (options.backend ?? 'wasm') !== 'wasm') continue;
    limits.push(await measureInChild<LoadLimit>('load_limit', { model, threads, build: options.build }, child));
  }
}

/** A column: its title, and what it shows of a run. */
interface Column {
  readonly title: string;
  readonly of: (run: ThimbleMeasured) => number;
  /** Larger is better. */
  readonly rate?: boolean;
}

const columns: readonly Column[] = [
  ...phases.map(({ name }) => ({ title: name, of: ({ tps }: ThimbleMeasured) => tps[name]!, rate: true })),
  { title: 'load ms', of: ({ loadMs }) => loadMs },
  { title: 'TTFT ms', of: ({ ttftMs }) => ttftMs },
  { title: 'RSS MB', of: ({ rssMb }) => rssMb! },
];

const nameCells = ({ model, threads, kvType, activations }: Result): string[] => [
  basename(model).replace(/\.gguf$/, ''),
  String(threads),
  kvType,
  activations,
];

/** A row for each configuration. */
function modelTable(): string {
  const head = [
    'model',
    'threads',
    'KV',
    'activations',
    ...columns.map(({ title }) => title),
    'read + pack ms',
    'engine',
  ];
  const rows = results.map((result) => [
    ...nameCells(result),
    ...columns.map(({ of }) => digits(median(result.runs.map(of)))),
    result.limits.length === 0 ? '–' : digits(median(result.limits.map(({ readMs, packMs }) => readMs + packMs))),
    result.runs[0]!.engine,
  ]);
  return table(head, rows, 4);
}

/** A row for each configuration and column: before, now, how many times as good (the median of the rounds' ratios). */
function pairTable(): string {
  const rows = results.flatMap((result) =>
    columns.map(({ title, of, rate }) => {
      const [old, now] = [result.before.map(of), result.runs.map(of)];
      const ratios = old.map((x, i) => (rate ? now[i]! / x : x / now[i]!));
      const cell = (values: number[]): string[] => [digits(median(values)), percent(spread(values))];
      return [
        ...nameCells(result),
        title,
        ...cell(old),
        ...cell(now),
        median(ratios).toFixed(2),
        percent(spread(ratios)),
      ];
    }),
  );
  return table(
    ['model', 'threads', 'KV', 'activations', 'what', 'before', '±', 'now', '±', 'times as good', '±'],
    rows,
    5,
  );
}

const machine = describeMachine();
if (options.json) console.log(JSON.stringify({ machine, phases, results }, null, 1));
else {
  const rounds = kept ? `, ${options.rounds} round(s)` : '';
  console.log(`${machine.cpu} (${machine.extensions}), ${machine.nCores} cores; tokens per second${rounds}\n`);
  console.log(kept ? pairTable() : modelTable());
  for (const gpu of gpus()) console.log(`\n${checksTable(gpu)}`);
}

/** The GPUs that the models ran on, with what the checks of their kernels came to. */
function gpus(): GpuReport[] {
  return results.flatMap(({ runs }) => runs.slice(0, 1).flatMap(({ gpu }) => gpu ?? []));
}
