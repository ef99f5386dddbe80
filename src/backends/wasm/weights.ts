import type { Graph } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Sizes } from './kernels.ts';
import { aligned } from './aligned.ts';

/**
 * How a weight lies in memory; memory plan, staging and packing ask here. Weights are matrices, one after the other:
 *
 *     [cols]                  a vector: one matrix of one row
 *     [rows, cols]            one matrix
 *     [nExperts, rows, cols]  a stack: a matrix for each expert, `matrixBytes` apart
 */
export interface MatrixShape {
  readonly nMatrices: number;
  readonly rows: number;
  readonly cols: number;
}

export function matrixShape({ shape }: Pick<Tensor, 'shape'>): MatrixShape {
  const [cols = 1, rows = 1, ...stack] = [...shape].reverse();
  return { nMatrices: stack.reduce((product, n) => product * n, 1), rows, cols };
}

export interface WeightLayout extends MatrixShape {
  /** Packed for the kernels of its type; otherwise plain float32 numbers, row by row. */
  readonly isPacked: boolean;
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
  return { ...matrix, isPacked, matrixBytes, bytes: nMatrices * matrixBytes };
}

/** Weights that nodes of the graph take as plain numbers: their type picks no kernel. */
export function plainWeights({ nodes }: Graph): ReadonlySet<string> {
  const plain = new Set<string>();
  const packed = new Set<string>();
  for (const { op, inputs } of nodes) {
    for (const [i, { role, name }] of inputs.entries()) {
      if (role === 'weight') (i === op.quantInput ? packed : plain).add(name);
    }
  }
  return new Set([...plain].filter((name) => !packed.has(name)));
}
