import { spawn } from 'node:child_process';
import { argv, execArgv, execPath, resourceUsage } from 'node:process';
import { ResourceError, UnsupportedError, type GpuReport, type Model } from '../../../src/index.ts';
import { checkOpenOptions, planMemoryOf } from '../../../src/gguf.ts';
import type { Arguments, Command } from '../command.ts';
import {
  backendTitle,
  computedByJson,
  modelOptions,
  modelTitle,
  readModelOptions,
  withFile,
  withModel,
} from '../models.ts';
import { checked } from '../option_words.ts';
import {
  columns,
  formatBytes,
  harmlessName,
  printJson,
  printLine,
  progressBar,
  rounded,
  style,
  type Progress,
} from '../terminal.ts';

export const bench: Command = {
  summary: 'measure speed and memory',
  usage: 'MODEL [options]',
  about: `Prefill reads --prefill tokens into an empty context; decode makes --decode tokens after a prompt of one. Each is repeated, after
one warm-up that does not count; shown are the median and, in brackets, the slowest and fastest. Each thread count runs in a
process of its own, so that its peak memory (RSS, with Node's own of about 50 MiB) is its own.

--json prints { "results": [{ threads, prefill_tps, decode_tps, load_ms, rss_mb (of 10^6 bytes), … }] }.`,
  positionals: [1, 1],
  options: {
    prefill: { value: 'N', help: 'tokens to read (default 512)' },
    decode: { value: 'N', help: 'tokens to make (default 64)' },
    reps: { value: 'N', help: 'repetitions (default 3)' },
    ...modelOptions,
    threads: { short: 't', value: 'N,N,…', help: 'thread counts to compare (default: one per core, at most 8)' },
    ctx: { short: 'c', value: 'N', help: 'positions of the context (default: as many as needed)' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['thimble bench smollm2', 'with the defaults'],
    ['thimble bench smollm2 --prefill 128 --decode 32 --threads 1,2 --json', 'one thread against two, for programs'],
  ],
  async run(args, signal) {
    const threads = args.counts('threads') ?? [undefined];
    for (const n of threads) checked(() => checkOpenOptions({ ...readModelOptions(withoutThreads(args)), threads: n }));
    await refuseEmbedders(args.positionals[0]!, signal);
    const results: BenchResult[] = [];
    if (threads.length === 1) results.push(await measure(args, threads[0], signal));
    else for (const n of threads) results.push(await inChild(args, n!, signal));
    if (args.flag('json')) return printJson({ results });
    const [about, head, ...rows] = report(results);
    await printLine(about!, style.bold);
    await printLine(head!, style.dim);
    await printLine(rows.join('\n'));
  },
};

/** Before a context is asked for that they do not have. */
const refuseEmbedders = (given: string, signal: AbortSignal): Promise<void> =>
  withFile(given, { signal }, async (file) => {
    const { makes } = await planMemoryOf(file);
    if (makes !== 'text') throw new UnsupportedError(`${given} makes ${makes}; bench measures models that make text`);
  });

interface BenchResult {
  readonly model: string;
  readonly backend: string;
  readonly gpu?: GpuReport | undefined;
  readonly activations: string;
  readonly threads: number;
  readonly prefill_tokens: number;
  readonly decode_tokens: number;
  readonly reps: number;
  readonly prefill_tps: number;
  readonly prefill_tps_min: number;
  readonly prefill_tps_max: number;
  readonly decode_tps: number;
  readonly decode_tps_min: number;
  readonly decode_tps_max: number;
  readonly load_ms: number;
  /** Megabytes of 10^6 bytes. */
  readonly rss_mb: number;
  readonly weights_mb: number;
}

async function measure(args: Arguments, threads: number | undefined, signal: AbortSignal): Promise<BenchResult> {
  const nPrefill = args.count('prefill') ?? 512;
  const nDecode = args.count('decode') ?? 64;
  const reps = args.count('reps') ?? 3;
  const { nCtx = Math.max(nPrefill + 1, nDecode + 2), ...opening } = readModelOptions(withoutThreads(args));
  return withModel(args.positionals[0]!, { ...opening, nCtx, threads, signal }, async (model) => {
    const bar = progressBar('measuring');
    try {
      const prefill = await repeat(reps, bar, 'prefill', (i) => prefillTps(model, nPrefill, i, signal));
      const decode = await repeat(reps, bar, 'decode', (i) => decodeTps(model, nDecode, i, signal));
      const { activations, loadMs, weightBytes } = model.info;
      return {
        model: modelTitle(args.positionals[0]!, model),
        ...computedByJson(model.info),
        activations,
        threads: model.info.threads,
        prefill_tokens: nPrefill,
        decode_tokens: nDecode,
        reps,
        prefill_tps: rounded(median(prefill)),
        prefill_tps_min: rounded(Math.min(...prefill)),
        prefill_tps_max: rounded(Math.max(...prefill)),
        decode_tps: rounded(median(decode)),
        decode_tps_min: rounded(Math.min(...decode)),
        decode_tps_max: rounded(Math.max(...decode)),
        load_ms: rounded(loadMs),
        rss_mb: rounded(resourceUsage().maxRSS / 1000, 1),
        weights_mb: rounded(weightBytes / 1e6, 1),
      };
    } finally {
      bar.end();
    }
  });
}

/** `--threads` is a list here. */
const withoutThreads = (args: Arguments): Arguments => ({
  ...args,
  count: (name, limits) => (name === 'threads' ? undefined : args.count(name, limits)),
});

/** One more than asked for: the first is the warm-up. */
async function repeat(
  reps: number,
  bar: Progress,
  what: string,
  once: (i: number) => Promise<number>,
): Promise<number[]> {
  const rates: number[] = [];
  bar.update(0, reps + 1, what);
  for (let i = 0; i <= reps; i++) {
    rates.push(await once(i));
    bar.update(i + 1, reps + 1, `${what} ${rates.at(-1)!.toFixed(1)} tok/s`);
  }
  return rates.slice(1);
}

async function prefillTps(model: Model, n: number, i: number, signal: AbortSignal): Promise<number> {
  const prompt = someTokens(n, model.info.nVocab, i);
  const answer = model.generate(prompt, { maxTokens: 1, temperature: 0, ignoreEos: true, signal });
  const { timings } = await answer.result;
  signal.throwIfAborted(); // what was stopped was not measured
  return timings.prefillTps;
}

/** The first token comes out of the prefill, so one more is made. */
async function decodeTps(model: Model, n: number, i: number, signal: AbortSignal): Promise<number> {
  const prompt = someTokens(1, model.info.nVocab, i);
  const answer = model.generate(prompt, { maxTokens: n + 1, temperature: 0, ignoreEos: true, signal });
  const { timings } = await answer.result;
  signal.throwIfAborted();
  return timings.decodeTps;
}

/** The same tokens every time; each repetition starts with another one, so that nothing is found in the cache. */
function someTokens(n: number, nVocab: number, repetition: number): number[] {
  return Array.from({ length: n }, (_, i) => (i === 0 ? repetition + 1 : i * 7919 + 104_729) % nVocab);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** This very command line with one thread count, in another process. */
async function inChild(args: Arguments, threads: number, signal: AbortSignal): Promise<BenchResult> {
  const names = ['prefill', 'decode', 'reps', 'backend', 'build', 'activations', 'kv', 'ctx'];
  const same = names.flatMap((name) => (args.text(name) === undefined ? [] : [`--${name}=${args.text(name)}`]));
  const line = [...execArgv, argv[1]!, 'bench', args.positionals[0]!, ...same, `--threads=${threads}`, '--json'];
  const child = spawn(execPath, line, { stdio: ['ignore', 'pipe', 'inherit'], signal });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new ResourceError(`the measurement with ${threads} threads ended with exit code ${code}`);
  return (JSON.parse(output) as { results: BenchResult[] }).results[0]!;
}

function report(results: readonly BenchResult[]): string[] {
  const { model, backend, gpu, activations, prefill_tokens, decode_tokens, reps, weights_mb } = results[0]!;
  const range = (min: number, max: number) => `[${min.toFixed(1)} … ${max.toFixed(1)}]`;
  const rows = results.map((r) => [
    String(r.threads),
    r.prefill_tps.toFixed(1),
    range(r.prefill_tps_min, r.prefill_tps_max),
    r.decode_tps.toFixed(1),
    range(r.decode_tps_min, r.decode_tps_max),
    `${r.load_ms.toFixed(0)} ms`,
    formatBytes(r.rss_mb * 1e6),
  ]);
  const [head, ...lines] = columns(
    [['threads', 'prefill', 'tok/s', 'decode', 'tok/s', 'load', 'peak RSS'], ...rows],
    '>><><>>',
  );
  const about = `${harmlessName(model)}, ${backendTitle({ backend, gpu })}, ${activations} activations, ${formatBytes(weights_mb * 1e6)} of weights`;
  return [`${about}, ${prefill_tokens} read, ${decode_tokens} made, median of ${reps}`, head!, ...lines];
}
