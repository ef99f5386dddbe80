import type { Tensor } from '../../graph/tensor.ts';
import { matrixShape, type MatrixShape } from '../matrices.ts';
import type { Sizes } from './kernels.ts';
import { aligned } from './aligned.ts';

/** How a weight lies in memory; memory plan and packing ask here. */
export interface WeightLayout extends MatrixShape {
  /** Packed for the kernels of its type; otherwise plain float32 numbers, row by row. */
  readonly isPacked: boolean;
  /** Matrices of experts, which kernels find by a table of addresses. */
  readonly isStack: boolean;
  /** From one matrix to the next. */
  readonly matrixBytes: number;
  readonly bytes: number;
}

/** @param plain names from `plainWeights`. */
export function weightLayout(tensor: Tensor, plain: ReadonlySet<string>, sizes: Sizes): WeightLayout {
  const { name, quant, shape } = tensor;
  const matrix = matrixShape(tensor);
  const { nMatrices, rows, cols } = matrix;
  const isPacked = shape.length > 1 && !plain.has(name);
  const one = isPacked ? sizes.packedBytes(quant, rows, cols) : rows * cols * 4;
  if (one === undefined) throw new RangeError(`${name} is ${quant.name}, which has no kernel; ask \`supports\` first`);
  const matrixBytes = nMatrices === 1 || !isPacked ? one : aligned(one);
  const isStack = isPacked && shape.length === 3;
  return { ...matrix, isPacked, isStack, matrixBytes, bytes: nMatrices * matrixBytes };
}
