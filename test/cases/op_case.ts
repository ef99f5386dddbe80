import type { Graph, Node, Op, Params, Rows, Step, Value } from '../../src/graph/graph.ts';
import type { KvType } from '../../src/graph/layer_state.ts';
import { colsOf, rowsOf } from '../../src/ops/op.ts';
import { quantByName } from '../../src/quants/index.ts';

/**
 * One op on one shape, as plain data: what the tests compare with the op's definition, and what the bench times. Sizes are odd
 * on purpose (no multiples of a vector, rows that do not divide among threads), next to those of real models.
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
}

export interface InputSpec {
  /** An `activation` has a row per token; a `constant` is `[rows, cols]`; a `state` is a cache, `[rows, cols]`. */
  readonly role: 'activation' | 'vector' | 'constant' | 'state';
  /** Of a constant, and of a state that is a ring; other states have `nCtx`. */
  readonly rows?: number;
  readonly cols: number;
  /** States: how they are kept. */
  readonly quant?: KvType;
  /** Numbers are spread evenly over ±size; default 1. */
  readonly size?: number;
}

/** Numbers that are the same on every machine: a 32-bit linear congruential generator's upper bits. */
export function randomFloats(n: number, seed: number, size = 1): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * size;
  });
}

/** A case made ready to run: a graph of one node, the step, and the numbers of its inputs. */
export interface BuiltCase {
  readonly graph: Graph;
  readonly node: Node;
  readonly step: Step;
  /** `[rows, cols]` of each input, as the reference sees it. */
  readonly floats: readonly Float32Array[];
}

const f32 = quantByName.get('f32')!;

export function buildCase(opCase: OpCase): BuiltCase {
  const { op, params = {}, nTokens, pos = 0, nLogits = nTokens } = opCase;
  const nCtx = pos + nTokens;
  const floats = opCase.inputs.map((spec, i) => numbersOf(spec, rowsOfSpec(spec, nTokens, nCtx), i + 1));
  const inputs = opCase.inputs.map((spec, i) => valueOf(spec, floats[i]!, rowsOfSpec(spec, nTokens, nCtx), i));
  const { rows, cols } = op.shape(inputs, params);
  const out: Value =
    op.outInput !== undefined
      ? inputs[op.outInput]!
      : { name: 'out', quant: f32, shape: [rows === 'tokens' ? nTokens : nLogits, cols], role: 'activation', rows };
  const node: Node = { op, out, inputs, params };
  const step = { tokens: new Int32Array(nTokens), pos, nLogits };
  return { graph: { nCtx, maxTokens: nTokens, maxLogits: nTokens, nodes: [node], logits: out }, node, step, floats };
}

function rowsOfSpec({ role, rows }: InputSpec, nTokens: number, nCtx: number): number {
  return rows ?? { activation: nTokens, vector: 1, constant: 1, state: nCtx }[role];
}

function numbersOf({ cols, size, quant = 'f32' }: InputSpec, rows: number, seed: number): Float32Array {
  const floats = randomFloats(rows * cols, seed, size);
  return decodeRows(encodeRows(floats, quant), quant);
}

/** Numbers as rows of a quant type's file layout: what backends read and write states in. */
export function encodeRows(floats: Float32Array, name: string): Uint8Array {
  const { blockSize, blockBytes, quantize } = quantByName.get(name)!;
  const rows = new Uint8Array((floats.length / blockSize) * blockBytes);
  quantize!(floats, rows);
  return rows;
}

export function decodeRows(rows: Uint8Array, name: string): Float32Array {
  const { blockSize, blockBytes, dequantize } = quantByName.get(name)!;
  const floats = new Float32Array((rows.length / blockBytes) * blockSize);
  dequantize!(rows, floats);
  return floats;
}

function valueOf(spec: InputSpec, data: Float32Array, rows: number, i: number): Value {
  const { role, cols, quant = 'f32' } = spec;
  const name = `input.${i}`;
  if (role === 'state') return { name, quant: quantByName.get(quant)!, shape: [rows, cols], role: 'state' };
  if (role === 'vector') return { name, quant: f32, shape: [cols], role: 'weight' };
  const symbolic: { rows?: Rows } = role === 'activation' ? { rows: 'tokens' } : {};
  return { name, quant: f32, shape: [rows, cols], role: 'constant', data, ...symbolic };
}

/** What the op's definition makes of the case: rows of the output, or for a state the rows it ends up with. */
export function expected({ node, step, floats }: BuiltCase): Float32Array {
  const { op } = node;
  if (op.outInput !== undefined) {
    const out = floats[op.outInput]!.slice();
    op.reference({ node, step, out, inputs: floats });
    return out;
  }
  const out = new Float32Array(rowsOf(node.out.rows!, step) * colsOf(node.out));
  op.reference({ node, step, out, inputs: floats });
  return out;
}
