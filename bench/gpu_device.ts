/**
 * Everything that a machine with a GPU can tell, once, in less than ten minutes and without a network: conformance, ceilings, kernels in the
 * shapes of a 1.2 B model with every variant, whole models of random weights. Writes DIR/gpu.json after each part, and DIR/gpu.md at the end.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { openModel as OpenModel } from 'thimble';
import { asError } from '../src/base/errors.ts';
import { opCases } from '../test/cases/index.ts';
import { reportAll, titleOf } from '../test/backends/webgpu/report.ts';
import { trials } from '../test/backends/webgpu/support.ts';
import { variantTrials } from '../test/backends/webgpu/variant_trials.ts';
import { findGpu } from './lib/gpu.ts';
import { checksTable, gpuTables, measureGpuOps, type GpuOps, type GpuOpsOptions } from './lib/gpu_ops.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';
import { decodePhase, measureThimble, prefillPhase, type ThimbleMeasured } from './measure/phases.ts';
import { digits, percent } from './measure/stats.ts';
import { writeModel } from './peers/gguf.ts';
import { matrices, recipes, shapes } from './peers/shapes.ts';

const { options } = readOptions('usage: node bench/run.mjs gpu_device [options]', {
  out: { value: 'DIR', default: 'gpu-device', help: 'where results go' },
  seconds: { value: 'N', default: '540', help: 'parts that would begin later are left out, and named' },
  mib: { value: 'N', default: '1024', help: 'MiB of weights that a mat-vec goes through: more than caches hold' },
  quick: { help: 'whether each part works: a few cases, in small sizes' },
  model: { value: 'SHAPE', default: 'llama-3.2-1b', help: `shape of whole models: ${Object.keys(shapes).join(', ')}` },
});

const startMs = performance.now();
const { quick } = options;
const seconds = count('seconds', options.seconds);
const bytes = count('mib', options.mib) * 2 ** 20;
const shape = shapes[options.model];
if (!shape) throw new RangeError(`--model is ${options.model}, expected one of ${Object.keys(shapes).join(', ')}`);

/** What is in the JSON: a part each, or why it is missing. */
const parts: Record<string, unknown> = { machine: describeMachine(), node: process.version };
const texts: string[] = [];
mkdirSync(options.out, { recursive: true });

/** Does a part, and keeps what it says. One that fails, or would come too late, leaves the others alone. */
async function part<T>(name: string, work: () => Promise<T>, words: (came: T) => string): Promise<T | undefined> {
  const sinceStart = (): number => Math.round((performance.now() - startMs) / 1000);
  process.stderr.write(`${sinceStart()} s: ${name} …\n`);
  try {
    if (sinceStart() > seconds) throw new Error(`left out: ${seconds} s are over`);
    const came = await work();
    parts[name] = came;
    texts.push(`## ${name}\n\n${words(came)}`);
    return came;
  } catch (error) {
    parts[name] = { missing: asError(error).message };
    texts.push(`## ${name}\n\nmissing: ${asError(error).message}`);
    return undefined;
  } finally {
    writeFileSync(join(options.out, 'gpu.json'), `${JSON.stringify(parts, null, 1)}\n`);
    writeFileSync(join(options.out, 'gpu.md'), `${texts.join('\n\n')}\n`);
  }
}

/** Every case of the ops that the GPU does, and every variant of products, against plain loops. */
async function conformance() {
  const features = limits?.info.features ?? [];
  const all = [...(trials.cases ?? opCases).map(titleOf), ...variantTrials(features).map(({ name }) => name)];
  const titles = quick ? all.slice(0, 20) : all;
  const wrong: unknown[] = [];
  let n = 0;
  for await (const report of reportAll(gpu!, { titles, features })) {
    n++;
    if (!(report.error !== undefined && report.error <= report.tolerance)) wrong.push(report);
  }
  return { nCases: n, wrong };
}

const timing = quick ? { rounds: 1, sampleMs: 1, warmUpMs: 1 } : { rounds: 5, sampleMs: 15, warmUpMs: 30 };
const ops = (more: Partial<GpuOpsOptions>): Promise<GpuOps> =>
  measureGpuOps({ only: /./, bytes, activations: ['exact'], timing, ...more });

const GPU_MODELS = ['Q4_0', 'Q8_0'] as const;
const phases = quick
  ? [prefillPhase(16), decodePhase(4, 16)]
  : [prefillPhase(128), prefillPhase(512), decodePhase(64, 16), decodePhase(32, 1024)];

/** A model of random weights; made where it is not there yet. */
async function model(recipe: string): Promise<ThimbleMeasured> {
  const file = join(tmpdir(), `${options.model}-${recipe}.gguf`);
  if (!existsSync(file)) await writeModel(`${options.model}-${recipe}`, file);
  const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
  const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };
  return measureThimble(openModel, file, phases, { open: { backend: 'webgpu' }, rounds: quick ? 1 : 3 });
}

/** Rates, and what share of the ceilings they are: weights are read once a token, and multiplied once for each token of a prompt. */
function modelTable(measured: ThimbleMeasured, recipe: string, limits: GpuOps | undefined): string {
  const ceiling = (name: string): number => limits?.ceilings.find(({ limit }) => limit === name)?.perSecond ?? NaN;
  const macs = matrices(shape!, recipes[recipe]!)
    .filter(({ name }) => name.startsWith('blk.'))
    .reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const halves = Number.isNaN(ceiling('f16')) ? 'f32' : 'f16';
  const rows = Object.entries(measured.tps).map(([name, tps]) => {
    const [did, most, of] = name.startsWith('decode')
      ? [(measured.weightBytes * tps) / 1e9, ceiling('read'), 'GB/s read']
      : [(macs * tps) / 1e9, ceiling(halves), `GMAC/s ${halves}, no matrix units`];
    return [name, digits(tps), digits(did), percent(did / most), of];
  });
  const rates = table(['phase', 'tok/s', 'per second', 'share', 'of'], rows);
  const load = `loading ${digits(measured.loadMs)} ms, first token ${digits(measured.ttftMs)} ms`;
  const { gpu } = measured;
  const choices = gpu?.choices.map(
    ({ kind, variant, sizes, from }) => `${kind}: ${variant} ${Object.values(sizes).join('×')} (${from})`,
  );
  return [rates, load, ...(choices ?? []), ...(gpu ? [checksTable(gpu)] : [])].join('\n\n');
}

const gpu = await part('adapter', findGpu, () => 'found').then((found) => found);
parts['adapter'] = gpu ? 'found' : parts['adapter'];
if (!gpu) {
  console.error((parts['adapter'] as { missing: string }).missing);
  process.exit(2);
}

const limits = await part('ceilings', () => ops({ only: /^$/ }), gpuTables);
for (const recipe of GPU_MODELS) {
  await part(
    `model ${options.model} ${recipe}`,
    () => model(recipe),
    (came) => modelTable(came, recipe, limits),
  );
}
await part('conformance', conformance, ({ nCases, wrong }) =>
  wrong.length === 0
    ? `all ${nCases} cases are right`
    : `${wrong.length} of ${nCases} are wrong: ${JSON.stringify(wrong)}`,
);
const { dim, ffnDim } = shape;
for (const [rows, cols] of [
  [ffnDim, dim],
  [dim, ffnDim],
  [dim, dim],
] as const) {
  const only = quick ? /^variants q8_0$/ : /^variants q(4|8)_0$/;
  await part(
    `variants ${rows} × ${cols}`,
    () => ops({ only, variants: quick ? 'first' : 'all', shape: { rows, cols } }),
    gpuTables,
  );
}
await part(
  'ops',
  () => ops({ only: quick ? /^(rope|add) / : /^(attention|rms_norm|rope|swiglu|kv_store|add) / }),
  gpuTables,
);
await part('types', () => ops({ only: quick ? /^matmul f16/ : /^matmul / }), gpuTables);
console.log(texts.join('\n\n'));
process.exit(0);
