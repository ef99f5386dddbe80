import type { Graph, Node, Op, Params, Rows, Step, Value } from '../../src/graph/graph.ts';
import { colsOf, rowsOf } from '../../src/ops/op.ts';
import { quantByName } from '../../src/quants/index.ts';
import { dequantized, randomFile } from '../kernels/weights.ts';
import { randomFloats } from './numbers.ts';

export { errorOf, randomFloats } from './numbers.ts';

/**
 * One op on one shape, as plain data. A case is a test (each backend against the op's definition), a bench (the timed ones), and
 * the check of the op's cost.
 */
export interface OpCase {
  readonly name: string;
  readonly op: Op;
  readonly inputs: readonly InputSpec[];
  readonly params?: Params;
  readonly nTokens: number;
  readonly pos?: number;
  readonly nLogits?: number;
  /** Largest error allowed, relative to the largest magnitude of the result. */
  readonly tolerance: number;
  /** What the op's `cost` has to say: multiplications and additions of the step. Its bytes are counted by watching the plain loops. */
  readonly flops: number;
}

/** An op's cases. */
export interface OpCases {
  /** Odd sizes on purpose: no multiples of a vector, rows that do not divide among threads. */
  readonly odd: readonly OpCase[];
  /** In the sizes of a 1.2 B model: 32 heads of 64, 8 of them for keys and values. */
  readonly timed: readonly TimedCase[];
}

export interface TimedCase extends OpCase {
  /** Copies of the node that one run goes through, each with states and an output of its own. */
  readonly copies: number;
}

export const sizes = { dim: 2048, kvDim: 512, ffnDim: 8192, headDim: 64 } as const;

/** How a timed case of so many tokens is called. */
export const timedName = (nTokens: number): string => (nTokens === 1 ? 'decode' : `prefill ${nTokens}`);

export interface InputSpec {
  /**
   * An `activation` has a row per token, a `constant` and a `state` are `[rows, cols]` of numbers that the graph brings or that
   * outlive a step, a `vector`, a `matrix` and a `stack` of matrices are weights.
   */
  readonly role: 'activation' | 'constant' | 'state' | 'vector' | 'matrix' | 'stack';
  /** Of a constant or a state, default: one per position; of a matrix. */
  readonly rows?: number;
  /** Of a stack. */
  readonly nMatrices?: number;
  readonly cols: number;
  /** States and weights: how they are kept; default f32. */
  readonly quant?: string;
  /** Numbers, but those of a matrix, are spread evenly over ±size; default 1. */
  readonly size?: number;
  /** So many of them, where random ones would not do. */
  readonly numbers?: (n: number) => Float32Array;
}

/** A case made ready to run: a graph of one node, the step, and the numbers of its inputs. */
export interface BuiltCase {
  readonly graph: Graph;
  readonly node: Node;
  readonly step: Step;
  readonly operands: readonly Operand[];
}

export interface Operand {
  readonly value: Value;
  /** `[rows, cols]`, as the reference sees it. */
  readonly floats: Float32Array;
  /** The same in the file layout of its type: what backends read weights and states in. */
  readonly bytes: Uint8Array;
}

const f32 = quantByName.get('f32')!;

/** @param label makes the names of inputs differ from those of other cases. */
export function buildCase(opCase: OpCase, label = ''): BuiltCase {
  const { op, params = {}, nTokens, pos = 0, nLogits = nTokens } = opCase;
  const nCtx = pos + nTokens;
  const operands = opCase.inputs.map((spec, i) =>
    operandOf(spec, { nTokens, nCtx, name: `input${label}.${i}`, seed: i + 1 }),
  );
  const inputs = operands.map(({ value }) => value);
  const { rows, cols } = op.shape(inputs, params);
  const activation: Value = {
    name: `out${label}`,
    quant: f32,
    shape: [rows === 'tokens' ? nTokens : nLogits, cols],
    role: 'activation',
    rows,
  };
  const out = op.outInput === undefined ? activation : inputs[op.outInput]!;
  const node: Node = { op, out, inputs, params };
  const nVocab = opCase.inputs.find(({ role }) => role === 'matrix')?.rows ?? 1;
  const tokens = Int32Array.from({ length: nTokens }, (_, t) => (7 * t + 3) % nVocab);
  const step = { tokens, pos, nLogits };
  return { graph: { nCtx, maxTokens: nTokens, maxLogits: nTokens, nodes: [node], logits: out }, node, step, operands };
}

interface Place {
  readonly nTokens: number;
  readonly nCtx: number;
  readonly name: string;
  readonly seed: number;
}

function operandOf(spec: InputSpec, { nTokens, nCtx, name, seed }: Place): Operand {
  const { role, cols, size, quant: quantName = 'f32', nMatrices = 1 } = spec;
  const quant = quantByName.get(quantName)!;
  const rows = spec.rows ?? { activation: nTokens, vector: 1, constant: nCtx, state: nCtx, matrix: 0, stack: 0 }[role];
  const numbers = spec.numbers ?? ((n) => randomFloats(n, seed, size));
  const isMatrix = role === 'matrix' || role === 'stack';
  const bytes = isMatrix
    ? randomFile(quant, nMatrices * rows, cols, seed)
    : encodeRows(numbers(rows * cols), quantName);
  const data = dequantized(quant, bytes);
  return {
    value: valueOf(role, { name, quant, shape: shapeOf(role, [nMatrices, rows, cols]) }, data),
    floats: data,
    bytes,
  };
}

function shapeOf(role: InputSpec['role'], shape: readonly [number, number, number]): readonly number[] {
  if (role === 'stack') return shape;
  return role === 'vector' ? shape.slice(2) : shape.slice(1);
}

function valueOf(role: InputSpec['role'], tensor: Pick<Value, 'name' | 'quant' | 'shape'>, data: Float32Array): Value {
  if (role === 'state') return { ...tensor, role };
  if (role === 'vector' || role === 'matrix' || role === 'stack') return { ...tensor, role: 'weight' };
  const symbolic: { rows?: Rows } = role === 'activation' ? { rows: 'tokens' } : {};
  return { ...tensor, role: 'constant', data, ...symbolic };
}

/** Numbers as rows of a quant type's file layout: what backends read and write states in. */
export function encodeRows(floats: Float32Array, name: string): Uint8Array {
  const { blockSize, blockBytes, quantize } = quantByName.get(name)!;
  const rows = new Uint8Array((floats.length / blockSize) * blockBytes);
  quantize!(floats, rows);
  return rows;
}

export const decodeRows = (rows: Uint8Array, name: string): Float32Array => dequantized(quantByName.get(name)!, rows);

/** What the op's definition makes of the case: rows of the output, or of the state that it is, then every state it changes. */
export function expected({ node, step, operands }: BuiltCase): Float32Array[] {
  const { outInput, changes = [] } = node.op;
  const inputs = operands.map(({ floats }) => floats.slice());
  const out =
    outInput === undefined ? new Float32Array(rowsOf(node.out.rows!, step) * colsOf(node.out)) : inputs[outInput]!;
  node.op.reference({ node, step, out, inputs });
  return [out, ...changes.map((i) => inputs[i]!)];
}
