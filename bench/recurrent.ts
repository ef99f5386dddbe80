/**
 * What a recurrent layer costs beside a layer of attention with as many bytes of matrices: a prompt, in chunks as the engine reads it, and the
 * token behind it. Without feed-forward blocks, which both have. Layers take turns.
 */
import type { Program } from '../src/backends/backend.ts';
import { createWasmBackend } from '../src/backends/wasm/wasm.ts';
import { weight, type Graph, type Value } from '../src/graph/graph.ts';
import { kvCache, type LayerState } from '../src/graph/layer_state.ts';
import { bytesOf } from '../src/graph/tensor.ts';
import { mamba2, mamba2States, mamba2Weights } from '../src/models/mamba2.ts';
import { HybridRecorder } from '../src/models/hybrid_recorder.ts';
import { deltaNet, deltaStates, deltaWeights } from '../src/models/qwen35_layers.ts';
import type { WeightFinder } from '../src/models/weight_finder.ts';
import { detectFeatures } from '../src/platform/features.ts';
import { quantByName } from '../src/quants/index.ts';
import { randomFloats } from '../test/cases/numbers.ts';
import { host } from './lib/host.ts';
import { describeMachine } from './lib/machine.ts';
import { count, readOptions } from './lib/options.ts';
import { table } from './lib/table.ts';
import { blockPool, fillFrom } from './measure/random_blocks.ts';
import { digits, median, percent, spread } from './measure/stats.ts';

const { options } = readOptions('usage: node bench/run.mjs recurrent [options]', {
  threads: { value: 'N', default: '1', help: 'compute threads' },
  tokens: { value: 'N', default: '512', help: 'of the prompt' },
  rounds: { value: 'N', default: '7', help: 'times that each layer is measured; medians are printed' },
});
const threads = count('threads', options.threads);
const nTokens = count('tokens', options.tokens);
const rounds = count('rounds', options.rounds);

/** Tokens of a step. */
const CHUNK = 128;
const normEps = 1e-6;
const q4 = quantByName.get('q4_k')!;
const f32 = quantByName.get('f32')!;

/** A layer's name, the width of a row, and how it is recorded. */
interface Layer {
  readonly name: string;
  readonly dim: number;
  readonly record: (g: HybridRecorder, find: WeightFinder, h: Value) => Value;
}

/** Heads of 128 columns, as many as make the bytes of the layer that it is compared with. */
const attention = (name: string, dim: number, nHeads: number, nKvHeads: number): Layer => ({
  name,
  dim,
  record(g, find, h) {
    const heads = { headDim: 128, style: 'neox' } as const;
    const angles = g.ropeAngles({ ropeDim: 128, base: 10000, scaling: { type: 'none' } });
    const matrix = (what: string, rows: number, cols: number) => find.linear(`blk.0.${what}`, [rows, cols]);
    const q = g.rope(g.linear(matrix('attn_q', nHeads * 128, dim), h), angles, heads);
    const k = g.rope(g.linear(matrix('attn_k', nKvHeads * 128, dim), h), angles, heads);
    const v = g.linear(matrix('attn_v', nKvHeads * 128, dim), h);
    const cache = kvCache(0, { nKvHeads, headDim: 128 }, { ...g.limits, kvType: 'f16' });
    const a = g.attention(q, k, v, cache, { headDim: 128, scale: 128 ** -0.5 });
    return g.linear(matrix('attn_output', dim, nHeads * 128), a);
  },
});

const inTurn = (states: readonly LayerState[]) => {
  const left = [...states];
  return () => left.shift()!;
};

const qwen = { dim: 1024, normEps, nTaps: 4, deltaDim: 128, nKeyHeads: 16, nValueHeads: 16 };
const granite = { dim: 2048, normEps, nTaps: 4, innerDim: 4096, stateDim: 128, nSsmHeads: 64, nGroups: 1 };

/** In pairs: a recurrent layer behind the attention that it is compared with. */
const layers: readonly Layer[] = [
  attention('attention, 32 heads on 8', qwen.dim, 32, 8),
  {
    name: 'delta-net of Qwen 3.5 0.8B',
    dim: qwen.dim,
    record: (g, find, h) => deltaNet(g, qwen, deltaWeights(find, qwen, 0), h, inTurn(deltaStates(0, qwen))),
  },
  attention('attention, 40 heads on 8', granite.dim, 40, 8),
  {
    name: 'Mamba-2 of Granite 4.0 H micro',
    dim: granite.dim,
    record: (g, find, h) => mamba2(g, granite, mamba2Weights(find, granite, 0), h, inTurn(mamba2States(0, granite))),
  },
];

/** Makes whatever weight is asked for. */
function madeUp(weights: Value[]): WeightFinder {
  const get = (name: string, shape: number[]): Value => {
    const isMatrix = shape.length > 1 && shape[1]! % q4.blockSize === 0;
    const made = weight({ name, quant: isMatrix ? q4 : f32, shape });
    weights.push(made);
    return made;
  };
  const finder = {
    get,
    optional: get,
    linear: (name: string, shape: number[]) => ({ w: get(`${name}.weight`, shape) }),
  };
  return finder as unknown as WeightFinder;
}

interface Opened {
  readonly layer: Layer;
  readonly matrixBytes: number;
  readonly program: Program;
  readonly close: () => Promise<void>;
}

const pool = blockPool(q4, 0.02);

async function open(layer: Layer): Promise<Opened> {
  const g = new HybridRecorder({ nCtx: nTokens + 1, maxTokens: CHUNK, maxLogits: 1 });
  const data = randomFloats(CHUNK * layer.dim, 1);
  const x: Value = { name: 'x', quant: f32, shape: [CHUNK, layer.dim], role: 'constant', rows: 'tokens', data };
  const weights: Value[] = [];
  const graph: Graph = g.finish(g.lastRows(layer.record(g, madeUp(weights), x)));
  const { build } = detectFeatures();
  const backend = await createWasmBackend({ weights, graph, maxSessions: 1, threads, build, host: host() });
  await backend.upload(weights, {
    read: async ({ name, quant }, offset, into) => {
      if (quant === q4) fillFrom(pool, offset, into);
      else new Float32Array(into.buffer, into.byteOffset, into.length / 4).fill(name.endsWith('ssm_a') ? -1 : 0.5);
    },
  });
  const matrixBytes = weights.filter(({ quant }) => quant === q4).reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  return { layer, matrixBytes, program: backend.prepare(graph), close: async () => void (await backend.dispose()) };
}

async function timed(program: Program, pos: number, n: number): Promise<number> {
  const tokens = new Int32Array(n);
  const startMs = performance.now();
  await program.run({ tokens, pos, nLogits: 1 });
  return performance.now() - startMs;
}

async function prefill(program: Program): Promise<number> {
  let ms = 0;
  for (let pos = 0; pos < nTokens; pos += CHUNK) ms += await timed(program, pos, Math.min(CHUNK, nTokens - pos));
  return ms;
}

const opened: Opened[] = [];
for (const layer of layers) opened.push(await open(layer));
const times = opened.map(() => ({ prefill: [] as number[], decode: [] as number[] }));
for (let round = -1; round < rounds; round++) {
  for (const [i, { program }] of opened.entries()) {
    const ms = await prefill(program);
    const tokens = [];
    for (let n = 0; n < 20; n++) tokens.push(await timed(program, nTokens, 1));
    if (round < 0) continue; // warms up
    times[i]!.prefill.push(ms);
    times[i]!.decode.push(median(tokens));
  }
}
for (const { close } of opened) await close();

/** Medians, and the median of the rounds' ratios: what disturbs a round disturbs both layers. */
const cells = (i: number, what: 'prefill' | 'decode'): string[] => {
  const own = times[i]![what];
  const before = times[i - (i % 2)]![what];
  const ratios = own.map((ms, round) => ms / before[round]!);
  return [digits(median(own)), i % 2 === 0 ? '' : `${median(ratios).toFixed(2)} ± ${percent(spread(ratios))}`];
};

const { cpu, extensions } = describeMachine();
console.log(`${cpu} (${extensions}), Node ${process.version}, ${threads} thread(s), ${rounds} round(s)\n`);
const head = ['layer', 'MB of matrices', `prefill ${nTokens}, ms`, 'times attention', 'decode, ms', 'times attention'];
const lines = opened.map(({ layer, matrixBytes }, i) => [
  layer.name,
  digits(matrixBytes / 1e6),
  ...cells(i, 'prefill'),
  ...cells(i, 'decode'),
]);
console.log(table(head, lines, 1));
