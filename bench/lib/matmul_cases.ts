import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import type { Program } from '../../src/backends/backend.ts';
import type { Build } from '../../src/features.ts';
import { Recorder, weight, type Graph, type Node, type Step, type Value } from '../../src/graph.ts';
import { ops } from '../../src/ops/index.ts';
import { quantByName } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { randomFloats } from '../../test/cases/op_case.ts';
import { errorOf, type BenchCase, type Check } from './bench_case.ts';
import { host } from './host.ts';
import { blockPool, fillFrom } from './random_blocks.ts';

/** A weight of the bench, shaped like a projection of a 1.2 B model. */
const ROWS = 2048;
const COLS = 2048;

/** Tokens of the prefill case, and of its check: a matrix product, but few enough for plain loops. */
const PREFILL = 128;
const CHECKED = 7;

/** Weights that the prefill case goes through. */
const PREFILL_WEIGHTS = 2;

/** Activations have 15 bits, and single results lose up to some of their last ones. */
const TOLERANCE = 3e-4;

/** Looking rows up is a product of a scale and a level, and of types with mins a sum. */
const EMBED_TOLERANCE = 5e-7;

export interface MatmulOptions {
  readonly build: Build;
  readonly threads: number;
  /** Bytes of weights that a decode run reads: more than caches hold. */
  readonly bytes: number;
}

export interface Cases {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

/** Mat-vec, matrix product and row lookup of one quant type. */
export async function matmulCases(quant: QuantType, { build, threads, bytes }: MatmulOptions): Promise<Cases> {
  const weightBytes = ((ROWS * COLS) / quant.blockSize) * quant.blockBytes;
  const n = Math.max(PREFILL_WEIGHTS, Math.ceil(bytes / weightBytes));
  const weights = Array.from({ length: n }, (_, i) => weight({ name: `w.${i}`, quant, shape: [ROWS, COLS] }));
  const many = productGraph(weights, 1);
  const few = productGraph(weights.slice(0, PREFILL_WEIGHTS), PREFILL);
  const backend = await createWasmBackend({ weights, graph: few, maxSessions: 1024, threads, build, host: host() });
  const pool = blockPool(quant, COLS ** -0.5);
  await backend.upload(weights, { read: async (_, offsetBytes, into) => fillFrom(pool, offsetBytes, into) });
  const floats = new Float32Array(ROWS * COLS);
  const file = new Uint8Array(weightBytes);
  fillFrom(pool, 0, file);
  quant.dequantize!(file, floats);

  const decode = backend.prepare(many);
  const prefill = backend.prepare(few);
  const isFloat = quant.blockSize === 1;
  const limits = { bytes: 'read', macs: isFloat ? 'f32' : 'dot' } as const;
  const product = (name: string, program: Program, graph: Graph, nTokens: number, nChecked: number): BenchCase => ({
    op: `matmul ${quant.name}`,
    name,
    check: () => checkProduct(program, graph, floats, nChecked),
    run: () => program.run(stepOf(nTokens)),
    bytes: graph.nodes.length * weightBytes,
    macs: graph.nodes.length * ROWS * COLS * nTokens,
    limits,
  });
  const table = lookupGraph(weights[0]!);
  return {
    cases: [
      product('decode', decode, many, 1, 1),
      product(`prefill ${PREFILL}`, prefill, few, PREFILL, CHECKED),
      lookup(quant, backend.prepare(table), table, floats),
    ],
    close: async () => void (await backend.dispose()),
  };
}

/** Rows of the token table, decoded. */
function lookup(quant: QuantType, program: Program, graph: Graph, floats: Float32Array): BenchCase {
  const step: Step = { tokens: Int32Array.from({ length: PREFILL }, (_, i) => (i * 977) % ROWS), pos: 0, nLogits: 0 };
  const node = graph.nodes[0] as Node;
  return {
    op: `embed ${quant.name}`,
    name: `prefill ${PREFILL}`,
    async check() {
      await program.run(step);
      const wanted = new Float32Array(PREFILL * COLS);
      ops.embed.reference({ node, step, out: wanted, inputs: [floats] });
      return { error: errorOf(await program.read(node.out), wanted), tolerance: EMBED_TOLERANCE };
    },
    run: () => program.run(step),
    bytes: PREFILL * COLS * (4 + quant.blockBytes / quant.blockSize),
    macs: 0,
    limits: { bytes: 'copy', macs: 'f32' },
  };
}

function lookupGraph(table: Value): Graph {
  const g = new Recorder({ nCtx: PREFILL, maxTokens: PREFILL, maxLogits: 1 });
  return g.finish(g.embed(table));
}

/** One input, multiplied with every weight. */
function productGraph(weights: readonly Value[], maxTokens: number): Graph {
  const g = new Recorder({ nCtx: maxTokens, maxTokens, maxLogits: 1 });
  const data = randomFloats(maxTokens * COLS, 1);
  const f32 = quantByName.get('f32')!;
  const x: Value = { name: 'x', quant: f32, shape: [maxTokens, COLS], role: 'constant', rows: 'tokens', data };
  const outs = weights.map((w) => g.matmul(w, x));
  return g.finish(outs.at(-1)!);
}

const stepOf = (nTokens: number): Step => ({ tokens: new Int32Array(nTokens), pos: 0, nLogits: 0 });

/** All weights hold the same numbers, so the first and the last product must both be the definition's. */
async function checkProduct(program: Program, graph: Graph, w: Float32Array, nTokens: number): Promise<Check> {
  const step = stepOf(nTokens);
  await program.run(step);
  const node = graph.nodes[0] as Node;
  const wanted = new Float32Array(nTokens * ROWS);
  ops.matmul.reference({ node, step, out: wanted, inputs: [w, node.inputs[1]!.data!] });
  const errors: number[] = [];
  for (const { out } of [node, graph.nodes.at(-1)!]) errors.push(errorOf(await program.read(out), wanted));
  return { error: Math.max(...errors), tolerance: TOLERANCE };
}
