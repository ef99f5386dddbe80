import type { Node, Params, Rows, Step, Value } from '../graph.ts';

/** What an op makes: rows are symbolic, columns are known. */
export interface Shape {
  readonly rows: Rows;
  readonly cols: number;
}

/** A 32-bit word that a kernel finds behind its pointers. */
export interface Scalar {
  readonly name: string;
  readonly type: 'u32' | 'f32';
  readonly of: (node: Node) => number;
}

/** What the plain-loop definition works on: every operand as floats, row-major. */
export interface OpArgs {
  readonly node: Node;
  readonly step: Step;
  readonly out: Float32Array;
  readonly inputs: readonly Float32Array[];
}

/** The meaning of a node. A kernel is one implementation of it; this is the one kernels are judged against. */
export interface Op {
  /** Shape rule: the only place that throws. */
  readonly shape: (inputs: readonly Value[], params: Params) => Shape;
  /** The input whose quant type picks the kernel (`matmul_q4_0`, `attention_f16`); absent where there is one kernel. */
  readonly quantInput?: number;
  /** Numbers a kernel needs, in the order in which its record holds them. */
  readonly scalars: readonly Scalar[];
  /** Plain loops over all rows of the step. */
  readonly reference: (args: OpArgs) => void;
}

/** Columns of a tensor: its last dimension. */
export const colsOf = (tensor: { readonly shape: readonly number[] }): number => tensor.shape.at(-1)!;

/** How many rows of an activation a step fills. */
export const rowsOf = (rows: Rows, step: Step): number => (rows === 'tokens' ? step.tokens.length : step.nLogits);

/** The columns of one input, as a kernel's scalar. */
export const inputCols = (name: string, input: number): Scalar => ({
  name,
  type: 'u32',
  of: (node) => colsOf(node.inputs[input]!),
});

/** A param handed to the kernel as it was recorded. */
export const param = (name: string, type: Scalar['type']): Scalar => ({ name, type, of: (node) => node.params[name]! });

/** Fails a shape rule; a graph that does not fit together is a model file whose tensors contradict each other. */
export function mismatch(op: string, expected: string, inputs: readonly Value[]): never {
  const came = inputs.map((value) => `${value.name} [${value.shape.join(', ')}]`).join(', ');
  throw new RangeError(`${op}: expected ${expected}, came ${came}; the model's tensors contradict each other`);
}
