/**
 * What this machine can do, and what the engine makes of it: the same measurement that the bench page (apps/bench) makes on a phone, by
 * the same modules, in the same form.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { openModel as OpenModel } from 'thimble';
import { embedded } from './lib/embedded.ts';
import { findGpu } from './lib/gpu.ts';
import { host } from './lib/host.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { deviceFile } from './lib/results.ts';
import { table } from './lib/table.ts';
import { gpuQuants as gpuKinds } from './measure/gpu/quants.ts';
import { measureSustained } from './measure/phases.ts';
import { planOf, stepTitle } from './measure/plan.ts';
import { quantOf, resultText, rounded, VERSION, type DeviceResult } from './measure/result.ts';
import { resultCsv } from './measure/result_csv.ts';
import { runStep, withStep } from './measure/run_step.ts';
import { digits, median, percent } from './measure/stats.ts';
import { clockStepMs } from './measure/timing.ts';

const node = host();
const { options, positionals } = readOptions('usage: node bench/run.mjs device [MODEL.gguf] [options]', {
  threads: { value: 'N', default: `${Math.min(node.nCores, 8)}`, help: 'most compute threads' },
  quick: { help: 'a look at a few types' },
  mib: { value: 'N', default: '256', help: 'MiB of weights that a mat-vec goes through: more than caches hold' },
  gpu: { help: 'measure the GPU, too, by the npm package webgpu' },
  sustained: { value: 'SECONDS', help: 'decode for so long at the end' },
  name: { value: 'NAME', help: "the device's name; default: that of its CPU" },
  save: { help: 'write bench/results/devices/NAME-ENGINE.json' },
  csv: { help: 'print CSV instead of tables' },
  json: { help: 'print JSON instead of tables' },
});

const model = positionals[0] ?? embedded;
const sweepMib = count('mib', options.mib);
const threads = count('threads', options.threads);
const gpuQuants = options.gpu ? gpuKinds.map(({ name }) => name) : undefined;
const plan = planOf({ name: options.quick ? 'quick' : 'full', threads, sweepMib, withModel: true, gpuQuants });
const library = new URL('../../dist/node/index.js', import.meta.url); // as seen from bench/dist
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };

function emptyResult(): DeviceResult {
  const { cpu, nCores, memoryGib, system, extensions } = describeMachine();
  const engine = `Node ${process.version}`;
  const { build, sharedMemory } = node.features;
  const device = {
    ...{ name: options.name ?? `${cpu}, ${nCores} cores`, engine, nCores, memoryGib, system },
    cpu: extensions ? `${cpu} (${extensions})` : cpu,
  };
  return {
    ...{ form: 'thimble-device', version: VERSION, at: new Date().toISOString(), device, plan: plan.name },
    ...{ build, sharedMemory, threads, clockUs: 1000 * clockStepMs(), sweepMib, ceilings: [], kernels: [], models: [] },
  };
}

async function sustained(seconds: number): Promise<DeviceResult['sustained']> {
  const samples: [number, number][] = [];
  process.stderr.write(`decoding for ${seconds} s …\n`);
  let name = '';
  await measureSustained(openModel, model, {
    ...{ open: { threads }, seconds },
    onStart: (model) => (name = model),
    onSample: (at, tps) => samples.push([at, tps]),
  });
  return { model: name, threads, samples, hidden: [] };
}

let result = emptyResult();
for (const [i, step] of plan.steps.entries()) {
  process.stderr.write(`${i + 1} of ${plan.steps.length}: ${stepTitle(step)} …\n`);
  const found = await runStep(step, plan, { host: node, openModel, source: async () => model, gpu: findGpu });
  result = withStep(result, found);
}
if (options.sustained) result = { ...result, sustained: await sustained(count('sustained', options.sustained)) };
process.exitCode = result.kernels.every(({ timing }) => timing) ? 0 : 1;
if (options.save) {
  const file = deviceFile(result.device);
  writeFileSync(file, resultText(result));
  process.stderr.write(`${file}\n`);
}
if (options.csv) process.stdout.write(resultCsv(result));
else if (options.json) console.log(JSON.stringify(rounded(result), null, 1));
else console.log(tables(result));

function tables({ device, build, at, ceilings, kernels, models, sustained }: DeviceResult): string {
  const ceilingRows = ceilings.map(({ limit, threads, perSecond, spread }) => [
    ...[limit, String(threads), digits(perSecond), limit === 'read' || limit === 'copy' ? 'GB/s' : 'GMAC/s'],
    percent(spread),
  ]);
  const kernelRows = kernels.map((line) => {
    const { name, threads, timing } = line;
    if (!timing) return [quantOf(line), name, String(threads), 'wrong', '', '', ''];
    const { gbPerSecond, gmacPerSecond, spread, ofLimit, limit } = timing;
    return [
      ...[quantOf(line), name, String(threads), digits(gbPerSecond), digits(gmacPerSecond), percent(spread)],
      `${percent(ofLimit)} of ${limit}`,
    ];
  });
  const modelRows = models.flatMap(({ model, threads, phases }) =>
    phases.map(({ name, tps, spread }) => [model, name, String(threads), digits(tps), percent(spread)]),
  );
  const parts = [
    `${at.slice(0, 10)}. ${device.name}, ${device.engine}, ${build} build, ${basename(model)}`,
    table(['limit', 'threads', 'per second', 'unit', '±'], ceilingRows),
    table(['type', 'work', 'threads', 'GB/s', 'GMAC/s', '±', 'of limit'], kernelRows, 2),
    table(['model', 'what', 'threads', 'tok/s', '±'], modelRows, 2),
  ];
  if (sustained) {
    const rates = sustained.samples.map(([, tps]) => tps);
    const [first, last] = [rates.slice(0, 10), rates.slice(-10)].map(median) as [number, number];
    parts.push(`sustained: ${digits(first)} tok/s at first, ${digits(last)} tok/s at the end`);
  }
  return parts.join('\n\n');
}
