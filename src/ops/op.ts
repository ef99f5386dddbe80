import type { Node, Rows, Scalar, Step, Value } from '../graph/graph.ts';
import { bytesOf } from '../graph/tensor.ts';
import { sum } from '../base/numbers.ts';

/** What the definitions of ops share. */

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

/** Numbers of the output that a step makes. */
export const outputsOf = ({ out }: Node, step: Step): number => rowsOf(out.rows!, step) * colsOf(out);

/** Numbers of an input in a step. */
export const elementsIn = (value: Value, step: Step): number => rowsOf(value.rows!, step) * colsOf(value);

/** Bytes of a whole operand: of an activation, the rows of the step. */
export function operandBytes(value: Value, step: Step): number {
  return value.rows ? bytesOf(value, rowsOf(value.rows, step) * colsOf(value)) : bytesOf(value);
}

/** Bytes of a node that reads all of its inputs once and writes its output once. */
export const allBytes = ({ out, inputs }: Node, step: Step): number =>
  sum([out, ...inputs].map((value) => operandBytes(value, step)));

/** Fails a shape rule; a graph that does not fit together is a model file whose tensors contradict each other. */
export function mismatch(op: string, expected: string, inputs: readonly Value[]): never {
  const came = inputs.map((value) => `${value.name} [${value.shape.join(', ')}]`).join(', ');
  throw new RangeError(`${op}: expected ${expected}, came ${came}; the model's tensors contradict each other`);
}

/** A sum of squares as a float holds it: one that is too large must not make a row of zeros, it makes NaN. */
export const held = (sum: number): number => (Number.isFinite(Math.fround(sum)) ? sum : NaN);
