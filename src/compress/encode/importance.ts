/**
 * How much the error of each weight counts. An importance matrix says how large the activations are that a column of weights is
 * multiplied with: the mean of their squares. Within a column, an error counts the more, the larger the weight is among its neighbours.
 * All of this is ggml's, operation for operation (rounding.ts).
 */
import { f32 } from '../../quants/rounding.ts';
import { type Group, newGroup, takeGroup } from './fit.ts';

/** Sum of `src[begin .. begin + n)` squared, one by one. */
export function sumOfSquares(src: Float32Array, begin: number, n: number): number {
  let sum = 0;
  for (let i = begin; i < begin + n; i++) sum = f32(sum + f32(src[i]! * src[i]!));
  return sum;
}

export function sumOf(numbers: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum = f32(sum + numbers[i]!);
  return sum;
}

/** A weight's square is its importance, where nothing is known of its column. */
export function weighBySquares({ x, importance }: Group): void {
  for (let i = 0; i < x.length; i++) importance[i] = f32(x[i]! * x[i]!);
}

/** The importance of columns from `col` on, times the size of the weight; `power` is the square of a typical one. */
export function weighByColumns({ x, importance }: Group, columns: Float32Array, col: number, power: number): void {
  for (let i = 0; i < x.length; i++) {
    importance[i] = f32(columns[col + i]! * f32(Math.sqrt(f32(power + f32(x[i]! * x[i]!)))));
  }
}

/** Fits each block of 32 weights of some rows, and has it written. */
export function fitBlocks(
  src: Float32Array,
  columns: Float32Array,
  fit: (group: Group) => void,
  write: (group: Group, block: number) => void,
): void {
  const group = newGroup(32);
  const nCols = columns.length;
  for (let row = 0; row < src.length; row += nCols) {
    const power = f32(sumOfSquares(src, row, nCols) / nCols);
    for (let col = 0; col < nCols; col += 32) {
      takeGroup(group, src, row + col);
      weighByColumns(group, columns, col, power);
      fit(group);
      write(group, (row + col) / 32);
    }
  }
}
