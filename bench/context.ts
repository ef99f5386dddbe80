/**
 * What a decode step costs at several places in the context: the step runs there right away, over caches of one number, because what they
 * hold changes no cost once it is written (pages that never were are all the same page of zeros, and cost nothing to read). The places take turns. A model is a file, or the name of a synthetic one (peers/shapes.ts). CPU time is printed, too: on a busy machine it says more.
 */
import { basename, join } from 'node:path';
import { loadModel } from '../src/engine/load_model.ts';
import type { BackendFactory } from '../src/engine/backend_plan.ts';
import type { Program } from '../src/backends/backend.ts';
import type { Graph } from '../src/graph/graph.ts';
import type { KvType } from '../src/graph/layer_state.ts';
import { elementsOf } from '../src/graph/tensor.ts';
import { attention } from '../src/ops/attention.ts';
import { detectFeatures } from '../src/platform/features.ts';
import { openModelFile } from '../src/platform/model_file.ts';
import { wasmFactory } from './lib/host.ts';
import { defaultPeersDir } from './peers/install.ts';
import { modelFile } from './peers/gguf.ts';
import { describeMachine } from './lib/machine.ts';
import { count, counts, readOptions } from './lib/options.ts';
import { Profile } from './lib/profile.ts';
import { table } from './lib/table.ts';
import { digits, median } from './measure/stats.ts';

const { options, positionals } = readOptions('usage: node bench/run.mjs context MODEL [options]', {
  context: { value: 'LIST', default: '128,1024,4096,16384', help: 'positions in front of the step' },
  threads: { value: 'N', default: '1', help: 'compute threads' },
  kv: { value: 'TYPE', default: 'f16', help: 'how keys and values are kept' },
  tokens: { value: 'N', default: '8', help: 'steps at each place in a round' },
  rounds: { value: 'N', default: '5', help: 'turns of each place' },
  kernels: { help: 'print what each kernel takes, too; watching them takes time of its own' },
});

const [path] = positionals;
if (!path) throw new Error('name a model: node bench/run.mjs context MODEL');
const places = counts('context', options.context);
const nTokens = count('tokens', options.tokens);
const nCtx = Math.max(...places) + nTokens;
const programs: { program: Program; graph: Graph }[] = [];
const watched =
  (factory: BackendFactory): BackendFactory =>
  async (plan) => {
    const backend = await factory(plan);
    return {
      ...backend,
      prepare(graph, look) {
        const program = backend.prepare(graph, look);
        programs.push({ program, graph });
        return program;
      },
    };
  };

const file = await openModelFile(await modelFile(path, join(defaultPeersDir(), 'gguf')));
const plain = watched(wasmFactory(detectFeatures().build, count('threads', options.threads)));
const profile = new Profile();
const factory = options.kernels ? profile.watch(plain) : plain;
const model = await loadModel(file, { nCtx, kvType: options.kv as KvType }, factory);
const session = model.openSession();
const [{ program, graph }] = programs as [{ program: Program; graph: Graph }];
for (const state of graph.nodes.filter(({ op }) => op === attention).flatMap(({ inputs }) => inputs.slice(1, 3))) {
  const nBytes = (elementsOf(state) / state.quant.blockSize) * state.quant.blockBytes;
  await program.writeState(state, 0, new Uint8Array(nBytes).fill(0x11));
}

/** Milliseconds of a step, by the clock and of the processor. */
async function stepMs(pos: number): Promise<{ wall: number; cpu: number }> {
  const [startMs, start] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < nTokens; i++) await program.run({ tokens: Int32Array.of(300 + i), pos: pos + i, nLogits: 1 });
  const { user, system } = process.cpuUsage(start);
  return { wall: (performance.now() - startMs) / nTokens, cpu: (user + system) / 1000 / nTokens };
}

for (const pos of places) await stepMs(pos); // warms up
profile.take();
const runs = places.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
/** Milliseconds of all steps at each place, kernel by kernel. */
const kernels = new Map<string, number[]>();
for (let round = 0; round < count('rounds', options.rounds); round++) {
  for (const [i, pos] of places.entries()) {
    const { wall, cpu } = await stepMs(pos);
    runs[i]!.wall.push(wall);
    runs[i]!.cpu.push(cpu);
    for (const { kernels: name, ms } of profile.take()) {
      const spent = kernels.get(name) ?? places.map(() => 0);
      spent[i]! += ms;
      kernels.set(name, spent);
    }
  }
}
session.close();
await model.close();
const { cpu, nCores, extensions } = describeMachine();
const machine = `${cpu}, ${nCores} cores (${extensions}), Node ${process.version}`;
console.log(`${machine}; ${basename(path)}, ${options.threads} thread(s), KV ${options.kv}\n`);
const [first] = runs;
const rows = runs.map(({ wall, cpu }, i) => [
  String(places[i]),
  digits(median(wall)),
  digits(median(cpu)),
  digits(median(cpu) / median(first!.cpu)),
]);
console.log(table(['positions', 'ms', 'CPU ms', `CPU ÷ that at ${places[0]}`], rows));
if (options.kernels) {
  const nSteps = nTokens * count('rounds', options.rounds);
  const lines = [...kernels].map(([name, spent]) => [name, ...spent.map((ms) => digits(ms / nSteps))]);
  console.log(`\n${table(['kernels, ms of a step', ...places.map((pos) => `at ${pos}`)], lines)}`);
}
