import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';

/**
 * Weights are matrices, one after the other:
 *
 *     [cols]                  a vector: one matrix of one row
 *     [rows, cols]            one matrix
 *     [nExperts, rows, cols]  a stack: a matrix for each expert
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
