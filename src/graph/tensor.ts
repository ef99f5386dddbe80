import { bytesFor, type QuantType } from '../quants/quant_type.ts';

/** A named, contiguous, row-major array. Shapes are written `[rows, cols]`, slowest dimension first. */
export interface Tensor {
  readonly name: string;
  readonly quant: QuantType;
  /** `[rows, cols]`, or `[cols]` for a vector. */
  readonly shape: readonly number[];
}

/** How many numbers a tensor has. */
export const elementsOf = ({ shape }: Pick<Tensor, 'shape'>): number => shape.reduce((product, n) => product * n, 1);

/** Bytes of a tensor, or of `n` of its numbers, as its quant type keeps them. */
export const bytesOf = (tensor: Pick<Tensor, 'quant' | 'shape'>, n = elementsOf(tensor)): number =>
  bytesFor(tensor.quant, n);
