/**
 * Every kernel: checked against its op's definition, then timed in turns with what the machine can do at most.
 */
import { detectFeatures, type Build } from '../src/platform/features.ts';
import type { GpuFeature } from '../src/platform/gpu.ts';
import type { ActivationKind } from '../src/graph/activations.ts';
import { loadModel } from '../src/engine/load_model.ts';
import { openModelFile } from '../src/platform/model_file.ts';
import { keptCases } from './lib/against.ts';
import { caseMakers } from './lib/cases.ts';
import { embedded } from './lib/embedded.ts';
import { gpuTables, isRight, measureGpuOps } from './lib/gpu_ops.ts';
import { gpuTitles } from './measure/gpu/cases.ts';
import { gpuQuants } from './measure/gpu/quants.ts';
import { variantTitle } from './measure/gpu/variant_cases.ts';
import { host, wasmFactory } from './lib/host.ts';
import { openLimits, type Limits } from './measure/limits.ts';
import { describeMachine } from './lib/machine.ts';
import { lineCells, lineHead, measureCases, pairCells, pairHead, type BenchLine } from './measure/measure_cases.ts';
import { count, oneOf, readOptions } from './lib/options.ts';
import { Profile, type ProfileEntry } from './lib/profile.ts';
import { digits, percent } from './measure/stats.ts';
import { table } from './lib/table.ts';

const { options } = readOptions('usage: node bench/run.mjs ops [options]', {
  backend: { value: 'wasm|webgpu', default: 'wasm', help: 'whose kernels' },
  build: { value: 'relaxed|simd', help: 'kernel build; default: the best one that works here' },
  threads: { value: 'N', default: '1', help: 'compute threads' },
  only: {
    value: 'REGEX',
    default: '',
    help: 'cases by op and name, such as "matmul q4", "pack" or "decode"; or "profile", and "limits" of a GPU',
  },
  against: {
    value: 'DIR',
    help: 'another build, kept by "node bench/run.mjs keep DIR": its cases take turns with these',
  },
  activations: { value: 'LIST', default: 'exact', help: 'what quantised weights are multiplied with: exact, fast' },
  features: {
    value: 'LIST',
    help: 'what kernels of a GPU may use of f16, subgroups, dots; or none; default: all that it has',
  },
  variants: {
    value: 'first|all',
    help: "a GPU's products by every variant of their kernels, in their first size or all",
  },
  shape: { value: 'ROWSxCOLS', help: 'of a weight on a GPU; default: 2048x2048' },
  tokens: { value: 'N', default: '128', help: 'of products of many tokens' },
  mib: { value: 'N', default: '256', help: 'MiB of weights that a mat-vec goes through: more than caches hold' },
  rounds: { value: 'N', default: '7', help: 'samples of each case' },
  model: { value: 'FILE', help: 'model whose decode step is profiled; default: the embedded one' },
  json: { help: 'print JSON instead of tables' },
});

const build = (options.build ?? detectFeatures().build) as Build;
const threads = count('threads', options.threads);
const bytes = count('mib', options.mib) * 2 ** 20;
const timing = { rounds: count('rounds', options.rounds), sampleMs: 20 };
const activations = options.activations.split(',') as ActivationKind[];
const only = new RegExp(options.only);
const share = { build, threads, bytes, activations, prefill: count('tokens', options.tokens) };
const isGpu = oneOf('backend', options.backend, ['wasm', 'webgpu']) === 'webgpu';

const titles = isGpu
  ? ['limits', ...(options.variants ? gpuQuants.map(variantTitle) : gpuTitles)]
  : [...caseMakers(share).map(({ title }) => title), 'profile'];
if (!titles.some((title) => only.test(title))) {
  console.error(`--only is ${JSON.stringify(options.only)}, which no case matches; without it, every case is measured`);
  process.exit(2);
}

/** Cases of both builds are in memory at the same time. */
async function measure(limits: Limits): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  const before = options.against ? (await keptCases(options.against))(share) : [];
  for (const { title, make } of caseMakers(share).filter(({ title }) => only.test(title))) {
    process.stderr.write(`${title} …\n`);
    const made = [await make()];
    const old = before.find((maker) => maker.title === title);
    if (old) made.push(await old.make());
    try {
      lines.push(...(await measureCases(made[0]!.cases, made[1]?.cases ?? [], limits, timing)));
    } finally {
      for (const { close } of made) await close();
    }
  }
  return lines;
}

/** Where the time of a decode step goes, at a context of 256 tokens. */
async function profileDecode(): Promise<{ name: string; entries: ProfileEntry[] }> {
  const file = await openModelFile(options.model ?? embedded);
  const profile = new Profile();
  const model = await loadModel(file, { nCtx: 512 }, profile.watch(wasmFactory(build, threads)));
  const session = model.openSession();
  const prompt = Array.from({ length: 256 }, (_, i) => (i * 37) % 256);
  const generate = async (maxTokens: number): Promise<void> => {
    for await (const _ of session.generate(prompt, { maxTokens, ignoreEos: true, temperature: 0 }));
  };
  await generate(32); // reads the prompt, warms up
  profile.take();
  await generate(1); // what reuse leaves of the prompt, and the first token
  const before = profile.take();
  await generate(33);
  const after = profile.take();
  session.close();
  await model.close();
  await Promise.all(file.sources.map((source) => source.close?.()));
  const first = new Map(before.map((entry) => [entry.kernels, entry]));
  const entries = after.map(({ kernels, nRuns, ms }) => {
    const { nRuns: n = 0, ms: spent = 0 } = first.get(kernels) ?? {};
    return { kernels, nRuns: (nRuns - n) / 32, ms: (ms - spent) / 32 };
  });
  return { name: model.info.name, entries };
}

if (isGpu) await measureGpu();
else await measureCpu();

function date(): string {
  return new Date().toISOString().slice(0, 10);
}

async function measureCpu(): Promise<void> {
  const limits = await openLimits({ build, threads, sweepBytes: bytes, host: host() });
  const lines = await measure(limits);
  await limits.close();
  const decode = only.test('profile') ? await profileDecode() : undefined;
  const machine = describeMachine();
  process.exitCode = lines.every(({ timing }) => timing) ? 0 : 1;
  if (options.json) {
    console.log(JSON.stringify({ machine, engine: `Node ${process.version}`, build, threads, lines, decode }, null, 1));
    return;
  }
  const engine = `Node ${process.version}, ${build} build, ${threads} thread(s)`;
  console.log(`${date()}. ${machine.cpu} (${machine.extensions}), ${engine}\n`);
  const [head, cells] = options.against ? [pairHead, pairCells] : [lineHead, lineCells];
  if (lines.length > 0) console.log(`${table(head, lines.map(cells), 2)}\n`);
  if (decode) console.log(profileTable(decode));
}

async function measureGpu(): Promise<void> {
  const features = featuresOf(options.features);
  const { variants: some } = options;
  const variants = some === undefined ? undefined : oneOf('variants', some, ['first', 'all']);
  const ops = await measureGpuOps({
    only,
    bytes,
    activations,
    timing,
    features,
    shape: shapeOf(options.shape),
    variants,
  });
  const machine = describeMachine();
  process.exitCode = isRight(ops) ? 0 : 1;
  if (options.json) return console.log(JSON.stringify({ machine, engine: `Node ${process.version}`, ...ops }, null, 1));
  console.log(`${date()}. ${machine.cpu}, Node ${process.version}\n\n${gpuTables(ops)}\n`);
}

function shapeOf(text: string | undefined): { rows: number; cols: number } | undefined {
  if (text === undefined) return undefined;
  const [rows = 0, cols = 0] = text.split('x').map((n) => count('shape', n));
  return { rows, cols };
}

function featuresOf(list: string | undefined): GpuFeature[] | undefined {
  if (list === undefined) return undefined;
  const names = list.split(',').filter((name) => name !== 'none');
  return ['timestamps', ...names.map((name) => oneOf('features', name, ['f16', 'subgroups', 'dots']))];
}

function profileTable({ name, entries }: { name: string; entries: ProfileEntry[] }): string {
  const total = entries.reduce((sum, { ms }) => sum + ms, 0);
  const rows = entries.map(({ kernels, nRuns, ms }) => [kernels, digits(nRuns), digits(ms), percent(ms / total)]);
  return `A decode step of ${name}, node by node\n\n${table(['kernels', 'runs', 'ms', 'share'], [...rows, ['sum', '', digits(total), '']])}`;
}
