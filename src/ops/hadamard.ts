import type { Node, Scalar, Value } from '../graph/graph.ts';

/**
 * A cache that rounds blocks of columns to a scale holds each head's keys and values *spread*: multiplied by an orthonormal Hadamard
 * matrix (all entries ±1 / √n, its own inverse), as QuaRot does (Ashkboos et al. 2024, arXiv:2404.00456). A single large column then
 * no longer decides about the scale of its block. Queries are spread likewise, which leaves their products with keys as they are, and
 * what attention makes of values is multiplied once more.
 */

/** Columns that are spread over each other: the largest power of two that divides a head; 0 where a cache rounds each number alone. */
export const spreadCols = ({ quant }: Pick<Value, 'quant'>, headDim: number): number =>
  quant.blockSize === 1 ? 0 : headDim & -headDim;

/** `spreadCols` of a node with a cache, for its kernel. */
export const spreadOf = (cache: (node: Node) => Value): Scalar => ({
  name: 'spread',
  type: 'u32',
  of: (node) => spreadCols(cache(node), node.params['headDim']!),
});

/** Multiplies every `n` numbers by the matrix, in place: sums and differences of numbers 1, 2, 4 … apart (Fino & Algazi 1976). */
export function hadamard(x: Float32Array, n: number): void {
  const scale = Math.fround(1 / Math.sqrt(n));
  for (let i = 0; i < x.length; i++) x[i]! *= scale;
  for (let apart = 1; apart < n; apart *= 2) {
    for (let i = 0; i < x.length; i++) {
      if (i & apart) continue;
      const [a, b] = [x[i]!, x[i + apart]!];
      x[i] = a + b;
      x[i + apart] = a - b;
    }
  }
}
