import type { Program } from '../../src/backends/backend.ts';
import type { ActivationKind } from '../../src/graph/activations.ts';
import { weight, type Graph, type Node, type Step, type Value } from '../../src/graph/graph.ts';
import { Recorder } from '../../src/models/recorder.ts';
import { quantByName } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { errorOf, randomFloats } from '../../test/cases/numbers.ts';
import type { Check } from './bench_case.ts';
import type { CaseBackend, CaseHome, CasePlan } from './case_home.ts';
import { blockPool, fillFrom } from './random_blocks.ts';

/** Activations have 15 or 8 bits, and single results lose up to some of their last ones. */
const TOLERANCE: Readonly<Record<ActivationKind, number>> = { exact: 3e-4, fast: 4e-2 };

/** Weights of one type, all with the same numbers. */
export interface TestMatrix {
  readonly quant: QuantType;
  readonly rows: number;
  readonly cols: number;
  /** The file's bytes: whole blocks that repeat without end. */
  readonly pool: Uint8Array;
  readonly nBytes: number;
  /** The same, decoded. */
  readonly floats: Float32Array;
}

export function testMatrix(quant: QuantType, rows: number, cols: number): TestMatrix {
  const pool = blockPool(quant, cols ** -0.5);
  const file = new Uint8Array(((rows * cols) / quant.blockSize) * quant.blockBytes);
  fillFrom(pool, 0, file);
  const floats = new Float32Array(rows * cols);
  quant.dequantize!(file, floats);
  return { quant, rows, cols, pool, nBytes: file.length, floats };
}

/** The input of all products, [nTokens, cols]. */
export const testInput = (nTokens: number, cols: number): Float32Array => randomFloats(nTokens * cols, 1);

export const copiesOf = ({ quant, rows, cols }: TestMatrix, n: number): Value[] =>
  Array.from({ length: n }, (_, i) => weight({ name: `w.${i}`, quant, shape: [rows, cols] }));

/** One input, multiplied with every weight. */
export function productGraph(weights: readonly Value[], maxTokens: number): Graph {
  const g = new Recorder({ nCtx: maxTokens, maxTokens, maxLogits: 1 });
  const cols = weights[0]!.shape[1]!;
  const data = testInput(maxTokens, cols);
  const f32 = quantByName.get('f32')!;
  const x: Value = { name: 'x', quant: f32, shape: [maxTokens, cols], role: 'constant', rows: 'tokens', data };
  const outs = weights.map((w) => g.matmul(w, x));
  return g.finish(outs.at(-1)!);
}

/** A backend with copies of a matrix; the graph is the one that takes most memory. */
export async function openProducts({ pool }: TestMatrix, home: CaseHome, plan: CasePlan): Promise<CaseBackend> {
  const opened = await home.open({ ...plan, maxSessions: 1024 });
  await opened.backend.upload(plan.weights, {
    read: async (_, offsetBytes, into) => fillFrom(pool, offsetBytes, into),
  });
  return opened;
}

export const stepOf = (nTokens: number): Step => ({ tokens: new Int32Array(nTokens), pos: 0, nLogits: 0 });

/** The first rows of the product, by the op's definition. */
export function wantedProduct(graph: Graph, { floats, cols }: TestMatrix, nTokens: number): Float32Array {
  const node = graph.nodes[0] as Node;
  const rows = node.out.shape[1]!;
  const out = new Float32Array(nTokens * rows);
  const inputs = [floats.subarray(0, rows * cols), node.inputs[1]!.data!];
  node.op.reference({ node, step: stepOf(nTokens), out, inputs });
  return out;
}

/** All weights hold the same numbers, so the first and the last product must both be the definition's. */
export async function checkProduct(
  program: Program,
  graph: Graph,
  wanted: Float32Array,
  activations: ActivationKind = 'exact',
): Promise<Check> {
  const node = graph.nodes[0] as Node;
  await program.run(stepOf(wanted.length / node.out.shape[1]!));
  const errors: number[] = [];
  for (const { out } of [node, graph.nodes.at(-1)!]) errors.push(errorOf(await program.read(out), wanted));
  return { error: Math.max(...errors), tolerance: TOLERANCE[activations] };
}
