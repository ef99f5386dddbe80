import type { Graph, Node, Step, Value } from '../../graph.ts';
import { colsOf, rowsOf } from '../../ops/op.ts';
import type { Tensor } from '../../tensor.ts';
import { compileKernels, createSizes } from '../wasm/kernels.ts';
import { planMemory, planProgram, type MemoryPlan } from '../wasm/plan.ts';

/**
 * Runs nothing: sums what a graph would take, before a single weight is read. Memory is the WASM backend's own plan, not a
 * second opinion on it.
 */

export interface MemoryQuestion {
  readonly weights: readonly Tensor[];
  readonly graph: Graph;
  readonly maxSessions: number;
  readonly threads: number;
  /** A kernel build; its functions say how large packed weights are. */
  readonly kernels: Uint8Array<ArrayBuffer>;
}

export type MemoryAnswer = MemoryPlan['parts'] & Pick<MemoryPlan, 'initialBytes' | 'maximumBytes'>;

/** Bytes the WASM backend would take; also for models far too large for it. */
export async function memoryOf({ kernels, ...needs }: MemoryQuestion): Promise<MemoryAnswer> {
  const shared = false; // sizes are the same, and an unshared page can be had anywhere
  const sizes = createSizes(await compileKernels(kernels, shared), shared);
  const plan = planMemory({ ...needs, program: planProgram(needs.graph, sizes) }, sizes);
  return { ...plan.parts, initialBytes: plan.initialBytes, maximumBytes: plan.maximumBytes };
}

/** What one node does in a step. */
export interface Cost {
  readonly node: Node;
  /** Multiplications and additions, each counted; an exponential or a division as one. */
  readonly flops: number;
  /** Bytes read and written, weights as in the file. */
  readonly bytes: number;
}

export const costsOf = (graph: Graph, step: Step): Cost[] =>
  graph.nodes.map((node) => ({ node, flops: flopsOf(node, step), bytes: bytesOf(node, step) }));

function flopsOf(node: Node, step: Step): number {
  if (node.op === 'attention') return 4 * colsOf(node.out) * seenPositions(node, step);
  const elements = elementsOf(node.out.role === 'state' ? node.inputs[0]! : node.out, step);
  return elements * flopsPerElement[node.op](node);
}

/** By op, for one number of the output. */
const flopsPerElement: Readonly<Record<Exclude<Node['op'], 'attention'>, (node: Node) => number>> = {
  add: () => 1,
  embed: () => 0,
  kv_store: () => 0,
  last_rows: () => 0,
  matmul: ({ inputs }) => 2 * colsOf(inputs[0]!) + (inputs[2] ? 1 : 0),
  rms_norm: () => 4, // square, add, scale, weight
  rope: () => 3,
  swiglu: () => 4,
};

function bytesOf(node: Node, step: Step): number {
  const elements = elementsOf(node.out.role === 'state' ? node.inputs[0]! : node.out, step);
  const written = elements * perElement(node.out);
  if (node.op === 'kv_store') return elementsOf(node.inputs[0]!, step) * 4 + written;
  if (node.op === 'embed') return written + elements * perElement(node.inputs[0]!); // only the rows of its tokens
  return written + node.inputs.reduce((sum, input) => sum + bytesRead(node, input, step), 0);
}

function bytesRead(node: Node, input: Value, step: Step): number {
  if (input.role !== 'state') return elementsOf(input, step) * perElement(input);
  const end = step.pos + step.tokens.length;
  const begin = Math.max(0, node.params['window'] ? step.pos - node.params['window'] + 1 : 0);
  return (end - begin) * colsOf(input) * perElement(input);
}

/** Sum over the step's tokens of the positions that each attends to. */
function seenPositions({ params }: Node, { pos, tokens }: Step): number {
  const window = params['window'] || Infinity;
  return tokens.reduce((sum, _, t) => sum + Math.min(pos + t + 1, window), 0);
}

/** Numbers of a value that a step touches: of a table of constants, the rows of its positions. */
function elementsOf(value: Value, step: Step): number {
  if (value.role === 'activation') return rowsOf(value.rows!, step) * colsOf(value);
  if (value.role === 'constant') return step.tokens.length * colsOf(value);
  return value.shape.reduce((product, n) => product * n, 1);
}

const perElement = ({ quant }: Value): number => quant.blockBytes / quant.blockSize;
